/**
 * Remembers removed tasks while they can be restored.
 *
 * @module
 */

import { monotonicMs, now } from "../clock.ts";
import type { EndedTask, TaskKey } from "../store/store.ts";
import { TaskMap } from "../task/task_map.ts";

/** A removed task. */
interface Restorable {
  readonly ended: EndedTask;
  /** When the task was removed, in epoch seconds. */
  readonly removedAt: number;
  /** When the task was removed, in milliseconds of the monotonic clock. */
  readonly removedMs: number;
}

/** The removed tasks that can be restored. */
export class RestorableTasks {
  readonly #windowMs: number;
  readonly #tasks: TaskMap<Restorable> = new TaskMap();
  /** The same tasks in the order of their removal. */
  readonly #inOrder: Set<Restorable> = new Set();

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
    const task = { ended, removedAt: now(), removedMs: monotonicMs() };
    this.#tasks.set(ended.client, ended.id, task);
    this.#inOrder.add(task);
  }

  /** Returns a removed task; `undefined` if it cannot be restored. */
  get(key: TaskKey): EndedTask | undefined {
    return this.#get(key)?.ended;
  }

  /** Returns when a task was removed, in epoch seconds; `undefined` if it cannot be restored. */
  removedAt(key: TaskKey): number | undefined {
    return this.#get(key)?.removedAt;
  }

  /** Forgets a task, which can then no longer be restored. */
  delete({ client, id }: TaskKey): void {
    const task = this.#tasks.get(client, id);
    if (task === undefined) return;
    this.#tasks.delete(client, id);
    this.#inOrder.delete(task);
  }

  /** Forgets all tasks. */
  clear(): void {
    this.#tasks.clear();
    this.#inOrder.clear();
  }

  /** Removes and returns the tasks that can no longer be restored. */
  takeOverdue(): TaskKey[] {
    const overdue: TaskKey[] = [];
    for (const task of this.#inOrder) {
      if (!this.#isOverdue(task)) break;
      this.delete(task.ended);
      overdue.push(task.ended);
    }
    return overdue;
  }

  #get({ client, id }: TaskKey): Restorable | undefined {
    const task = this.#tasks.get(client, id);
    return task === undefined || this.#isOverdue(task) ? undefined : task;
  }

  #isOverdue({ removedMs }: Restorable): boolean {
    return monotonicMs() - removedMs > this.#windowMs;
  }
}
