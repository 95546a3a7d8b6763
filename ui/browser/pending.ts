/**
 * Collects changes until it is time to draw: at most once a frame while somebody looks, every few seconds while the
 * page is hidden, when only its title shows.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { PendingChanges } from "./state.ts";

/** Calls a function a little later, once. */
export type Scheduler = (draw: () => void) => void;

/** Changes that wait to be applied; of each task only the newest. */
export class PendingUpdates {
  readonly #apply: (changes: PendingChanges) => void;
  readonly #schedule: Scheduler;
  #tasks = new Map<string, Task>();
  #removed = new Set<string>();
  #scheduled = false;

  /**
   * @param apply takes what has come together
   * @param schedule decides when
   */
  constructor(apply: (changes: PendingChanges) => void, schedule: Scheduler) {
    this.#apply = apply;
    this.#schedule = schedule;
  }

  /** Adds changes. */
  add(tasks: readonly Task[], removed: readonly string[]): void {
    for (const id of removed) {
      this.#tasks.delete(id);
      this.#removed.add(id);
    }
    // The removal stays: it comes first, and what follows it is another task, or one that was restored.
    for (const task of tasks) this.#tasks.set(task.id, task);
    if (this.#scheduled || (this.#tasks.size === 0 && this.#removed.size === 0)) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  /** Forgets what waits: something newer replaces all of it. */
  clear(): void {
    this.#tasks = new Map();
    this.#removed = new Set();
  }

  /** Applies what waits, now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#tasks.size === 0 && this.#removed.size === 0) return;
    const changes = { tasks: this.#tasks, removed: this.#removed };
    this.clear();
    this.#apply(changes);
  }
}
