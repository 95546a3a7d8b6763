/**
 * Builds the title and the favicon of a browser tab, which show the overall progress and failures.
 *
 * @module
 */

import { formatCount, formatPercent } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { PageData } from "./model.ts";

/** The values that a tab's title and favicon show. */
export interface TabState {
  /** The overall progress in percent; `null` if no active task reports progress. */
  readonly percent: number | null;
  /** The number of failed tasks that the user has not seen yet. */
  readonly failed: number;
  /** Whether the page is live. */
  readonly isLive: boolean;
}

/** Tracks the overall progress of all active tasks. */
export class TabProgress {
  /** The progress of the active top-level tasks; a subtask's progress is part of its parent's. */
  readonly #progress: Map<string, number | null> = new Map();
  readonly #only: string | null;

  /**
   * @param tasks the tasks that the page starts with
   * @param only on a task page, the id of the only task whose progress counts; `null` on the list page
   */
  constructor(tasks: Iterable<Task>, only: string | null) {
    this.#only = only;
    for (const task of tasks) this.#note(task);
  }

  /** Applies changes of tasks. */
  apply({ tasks, removed }: {
    readonly tasks: ReadonlyMap<string, Task>;
    readonly removed: Iterable<string>;
  }): void {
    for (const id of removed) this.#progress.delete(id);
    for (const task of tasks.values()) this.#note(task);
  }

  /** Replaces all tasks. */
  replace(tasks: Iterable<Task>): void {
    this.#progress.clear();
    for (const task of tasks) this.#note(task);
  }

  /** The mean progress in percent of all tasks that report progress; `null` if no task does. */
  get percent(): number | null {
    const known = [...this.#progress.values()].filter((progress) => progress !== null);
    return known.length === 0 ? null : known.reduce((sum, progress) => sum + progress) / known.length;
  }

  #note(task: Task): void {
    const counts = this.#only === null ? task.parent_id === null : task.id === this.#only;
    if (hasEnded(task) || !counts) this.#progress.delete(task.id);
    else this.#progress.set(task.id, task.progress);
  }
}

/** Returns the overall progress of the tasks of a page. */
export function tabProgressOf({ page, model }: PageData): TabProgress {
  if (page === "client") return new TabProgress([...model.tasks, ...model.subtasks], null);
  return page === "task" ? new TabProgress([model.task], model.task.id) : new TabProgress([], null);
}

/**
 * The document title of the list page, with failures and progress in front.
 *
 * @param title the title without failures and progress
 * @param state the values to show
 */
export function tabTitle(title: string, { percent, failed }: Pick<TabState, "percent" | "failed">): string {
  const failures = failed > 0 ? `✗ ${formatCount(failed)} failed · ` : "";
  return `${failures}${percent === null ? "" : `${formatPercent(percent)} · `}${title}`;
}

/** The circumference of the ring, whose radius is 9. */
const CIRCUMFERENCE = 56.55;
/** How much of the ring is filled in the logo, in percent. */
const MARK_PERCENT = 75;

/**
 * The favicon: a ring that fills with progress, and a cross if something failed.
 *
 * @param state the values to show
 * @returns a `data:` URL; equal for states that look the same
 */
export function tabIcon({ percent, failed, isLive }: TabState): string {
  const filled = (CIRCUMFERENCE * Math.floor(percent ?? MARK_PERCENT)) / 100;
  const color = isLive ? "#0f8b8d" : "#87939d";
  const start = percent === null ? "" : ` transform="rotate(-90 12 12)"`;
  const middle = failed > 0
    ? `<circle cx="16" cy="16" r="8" fill="#c62828" stroke="#fff" stroke-width="1.5"/>` +
      `<path stroke="#fff" stroke-width="2.5" d="m13 13 6 6m0-6-6 6"/>`
    : `<circle cx="12" cy="12" r="3" fill="${color}"/>`;
  return "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="3.5">` +
      `<circle cx="12" cy="12" r="9" stroke="#87939d" stroke-opacity=".35"/>` +
      `<circle cx="12" cy="12" r="9" stroke="${color}" stroke-dasharray="${filled.toFixed(1)} 99"${start}/>` +
      `${middle}</svg>`,
  );
}
