/**
 * Keeps the records of subtasks that a list cannot show before their parents.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

/** The maximum number of parents. Beyond it, the subtasks of the parent that was added first are forgotten. */
const MAX_PARENTS = 500;

/** The subtasks that wait for parents that are not loaded. */
export class WaitingSubtasks {
  /** The waiting subtasks by their ids, grouped by the id of their parent. */
  readonly #below = new Map<string, Map<string, Task>>();

  /** Adds a subtask, or the newer record of one. */
  add(task: Task, parent: string): void {
    const waiting = this.#below.get(parent) ?? new Map<string, Task>();
    this.#below.set(parent, waiting.set(task.id, task));
    const [oldest] = this.#below.keys();
    if (this.#below.size > MAX_PARENTS && oldest !== undefined) this.#below.delete(oldest);
  }

  /** Whether a subtask waits for a parent. */
  has(id: string, parent: string): boolean {
    return this.#below.get(parent)?.has(id) ?? false;
  }

  /** Removes a subtask. */
  delete(id: string, parent: string): void {
    const waiting = this.#below.get(parent);
    if (waiting?.delete(id) && waiting.size === 0) this.#below.delete(parent);
  }

  /** Removes and returns all subtasks of a parent. */
  take(parent: string): readonly Task[] {
    const waiting = this.#below.get(parent);
    this.#below.delete(parent);
    return [...waiting?.values() ?? []];
  }

  /** Removes all subtasks. */
  clear(): void {
    this.#below.clear();
  }
}
