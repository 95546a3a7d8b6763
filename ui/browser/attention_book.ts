/**
 * Keeps the tasks that need attention up to date in the browser.
 *
 * @module
 */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import {
  type Attention,
  compareConcerns,
  type Concern,
  concernOf,
  MAX_ATTENTION,
  type SlowLimit,
} from "../shared/attention.ts";
import type { AttentionItem, Readable } from "../shared/view.ts";
import { failureKey } from "./opened_tasks.ts";

/**
 * The maximum number of tasks that this page checks for concerns by itself. The server finds the others when the page
 * asks it again.
 */
const MAX_CANDIDATES = 1_000;

/** The tasks that need attention. */
export class AttentionBook {
  readonly #now: Readable<number>;
  readonly #candidates: Map<string, Task> = new Map();
  #limits: ReadonlyMap<string, SlowLimit> = new Map();
  readonly #version = signal(0);
  /** The keys of the failures that were opened in this browser, see {@linkcode failureKey}. */
  readonly opened: Signal<ReadonlySet<string>> = signal<ReadonlySet<string>>(new Set());
  /** The tasks that need attention, the most urgent first. */
  readonly items: ReadonlySignal<readonly AttentionItem[]>;

  /** @param now the current time in epoch seconds, accurate to some seconds */
  constructor(now: Readable<number>) {
    this.#now = now;
    this.items = computed(() => {
      void this.#version.value;
      const found: [Task, Concern][] = [];
      for (const task of this.#candidates.values()) {
        const concern = concernOf(task, now.value, this.#limits.get(task.name));
        if (concern === null || (concern === "failed" && this.opened.value.has(failureKey(task)))) continue;
        found.push([task, concern]);
      }
      return found.sort(compareConcerns).slice(0, MAX_ATTENTION).map(([task, concern]) => ({
        task,
        concern,
      }));
    });
  }

  /** Replaces all data with the tasks and limits that the server sent. */
  replace({ tasks, limits }: Attention): void {
    this.#limits = new Map(limits.map((each) => [each.name, each]));
    this.#candidates.clear();
    for (const task of tasks) this.#candidates.set(task.id, task);
    this.#version.value++;
  }

  /** Takes a new version of a task into account. */
  note(task: Task): void {
    const before = this.#candidates.get(task.id);
    const limit = this.#limits.get(task.name);
    const now = this.#now.value;
    const concern = concernOf(task, now, limit);
    const mayBecomeSlow = !hasEnded(task) && limit !== undefined;
    if (concern === null && !mayBecomeSlow) this.#candidates.delete(task.id);
    else if (before !== undefined || this.#candidates.size < MAX_CANDIDATES) {
      this.#candidates.set(task.id, task);
    }
    // A failed task that has been retried no longer needs attention.
    const handled = task.retry_of !== null && this.#candidates.delete(task.retry_of);
    const old = before === undefined ? null : concernOf(before, now, limit);
    if (handled || old !== concern) this.#version.value++;
  }

  /** Forgets a removed task. */
  remove(id: string): void {
    if (this.#candidates.delete(id)) this.#version.value++;
  }
}
