/**
 * Coalesces changes until the next rendering. On a visible page, that is the next animation frame; on a hidden page, it
 * is a few seconds later.
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { PendingChanges } from "./state.ts";

/** Schedules a function to be called once, a little later. */
export type Scheduler = (draw: () => void) => void;

/** Coalesces changes and keeps only the newest version of each task. */
export class PendingUpdates {
  readonly #apply: (changes: PendingChanges) => void;
  readonly #schedule: Scheduler;
  #tasks = new Map<string, Task>();
  #removed = new Set<string>();
  #scheduled = false;

  /**
   * @param apply receives the coalesced changes
   * @param schedule decides when the changes are applied
   */
  constructor(apply: (changes: PendingChanges) => void, schedule: Scheduler) {
    this.#apply = apply;
    this.#schedule = schedule;
  }

  /** Adds changes, and schedules when they are applied. */
  add(tasks: readonly Task[], removed: readonly string[]): void {
    for (const id of removed) {
      this.#tasks.delete(id);
      this.#removed.add(id);
    }
    // A removal is kept even if a new record has the same id. The removal is applied first; the record
    // belongs to another task with that id, or to the restored task.
    for (const task of tasks) this.#tasks.set(task.id, task);
    if (this.#scheduled || (this.#tasks.size === 0 && this.#removed.size === 0)) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  /** Discards all pending changes, because the full state replaces them. */
  clear(): void {
    this.#tasks = new Map();
    this.#removed = new Set();
  }

  /** Applies all pending changes now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#tasks.size === 0 && this.#removed.size === 0) return;
    const changes = { tasks: this.#tasks, removed: this.#removed };
    this.clear();
    this.#apply(changes);
  }
}
