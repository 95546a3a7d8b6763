/**
 * Keeps removed tasks while they can be restored.
 *
 * @module
 */

import type { StoredTask } from "./store.ts";

/** A removed task. */
export interface SetAsideTask {
  /** The task's place in the order of creation. */
  readonly place: number;
  readonly stored: StoredTask;
}

/** The removed tasks that can still be restored. */
export class RemovedTasks {
  readonly #tasks: Map<string, SetAsideTask> = new Map();

  /** Adds a task. An earlier task with the same id must have been taken out before. */
  add(client: string, { place, stored }: SetAsideTask): void {
    this.#tasks.set(keyOf(client, stored.id), { place, stored });
  }

  /** Returns a removed task; `undefined` if it can't be restored. */
  get(client: string, id: string): StoredTask | undefined {
    return this.#tasks.get(keyOf(client, id))?.stored;
  }

  /** Takes a removed task out; returns `undefined` if it can't be restored. */
  take(client: string, id: string): SetAsideTask | undefined {
    const key = keyOf(client, id);
    const task = this.#tasks.get(key);
    this.#tasks.delete(key);
    return task;
  }

  /** Drops all tasks. */
  clear(): void {
    this.#tasks.clear();
  }
}

function keyOf(client: string, id: string): string {
  // The slash is unambiguous, because neither client tokens nor task ids can contain one.
  return `${client}/${id}`;
}
