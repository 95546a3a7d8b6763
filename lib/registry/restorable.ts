/**
 * Remembers removed tasks while they can be restored.
 *
 * @module
 */

import { monotonicMs, now } from "../clock.ts";
import type { EndedTask, TaskKey } from "../store/store.ts";

/** The removed tasks that can be restored. */
export class RestorableTasks {
  readonly #windowMs: number;
  /** The tasks by key, in the order of removal. */
  readonly #tasks: Map<
    string,
    { readonly ended: EndedTask; readonly removedAt: number; readonly removedMs: number }
  > = new Map();

  /** @param windowMs how long a removed task can be restored, in milliseconds */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The number of tasks that can be restored. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Adds a task that was just removed. */
  add(ended: EndedTask): void {
    this.delete(ended);
    this.#tasks.set(keyOf(ended), { ended, removedAt: now(), removedMs: monotonicMs() });
  }

  /** Returns a removed task; `undefined` if it cannot be restored. */
  get(key: TaskKey): EndedTask | undefined {
    const known = this.#tasks.get(keyOf(key));
    return known === undefined || this.#isOverdue(known.removedMs) ? undefined : known.ended;
  }

  /** Returns when a task was removed, in epoch seconds; `undefined` if it cannot be restored. */
  removedAt(key: TaskKey): number | undefined {
    const known = this.#tasks.get(keyOf(key));
    return known === undefined || this.#isOverdue(known.removedMs) ? undefined : known.removedAt;
  }

  /** Forgets a task, which can then no longer be restored. */
  delete(key: TaskKey): void {
    this.#tasks.delete(keyOf(key));
  }

  /** Forgets all tasks. */
  clear(): void {
    this.#tasks.clear();
  }

  /** Removes and returns the tasks that can no longer be restored. */
  takeOverdue(): TaskKey[] {
    const overdue: TaskKey[] = [];
    for (const [name, { ended, removedMs }] of this.#tasks) {
      if (!this.#isOverdue(removedMs)) break;
      this.#tasks.delete(name);
      overdue.push(ended);
    }
    return overdue;
  }

  #isOverdue(removedMs: number): boolean {
    return monotonicMs() - removedMs > this.#windowMs;
  }
}

function keyOf({ client, id }: TaskKey): string {
  return `${client}/${id}`;
}
