/**
 * Coalesces changes until the next rendering: once per animation frame while the page is visible, every few
 * seconds while it is hidden.
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { PendingChanges } from "./state.ts";

/** Calls a function once, a little later. */
export type Scheduler = (draw: () => void) => void;

/** Coalesces changes; only the newest version of each task is kept. */
export class PendingUpdates {
  readonly #apply: (changes: PendingChanges) => void;
  readonly #schedule: Scheduler;
  #tasks = new Map<string, Task>();
  #removed = new Set<string>();
  #scheduled = false;

  /**
   * @param apply receives the coalesced changes
   * @param schedule decides when to apply them
   */
  constructor(apply: (changes: PendingChanges) => void, schedule: Scheduler) {
    this.#apply = apply;
    this.#schedule = schedule;
  }

  /** Adds changes and schedules their application. */
  add(tasks: readonly Task[], removed: readonly string[]): void {
    for (const id of removed) {
      this.#tasks.delete(id);
      this.#removed.add(id);
    }
    // A removal is kept even if the id is used again: it is applied first, and the record belongs to another
    // task or to a restored one.
    for (const task of tasks) this.#tasks.set(task.id, task);
    if (this.#scheduled || (this.#tasks.size === 0 && this.#removed.size === 0)) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  /** Discards all waiting changes, because a full state replaces them. */
  clear(): void {
    this.#tasks = new Map();
    this.#removed = new Set();
  }

  /** Applies all waiting changes now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#tasks.size === 0 && this.#removed.size === 0) return;
    const changes = { tasks: this.#tasks, removed: this.#removed };
    this.clear();
    this.#apply(changes);
  }
}
