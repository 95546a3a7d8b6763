/**
 * Keeps removed tasks while they can be restored.
 *
 * @module
 */

import { TaskMap } from "../task/task_map.ts";
import type { StoredTask } from "./store.ts";

/** A removed task. */
export interface SetAsideTask {
  /** The task's place in the order of creation. */
  readonly place: number;
  readonly stored: StoredTask;
}

/** The removed tasks that can still be restored. */
export class RemovedTasks {
  readonly #tasks: TaskMap<SetAsideTask> = new TaskMap();

  /** Adds a task. An earlier task with the same id must have been taken out before. */
  add(client: string, { place, stored }: SetAsideTask): void {
    this.#tasks.set(client, stored.id, { place, stored });
  }

  /** Returns a removed task; `undefined` if it can't be restored. */
  get(client: string, id: string): StoredTask | undefined {
    return this.#tasks.get(client, id)?.stored;
  }

  /** Takes a removed task out; returns `undefined` if it can't be restored. */
  take(client: string, id: string): SetAsideTask | undefined {
    const task = this.#tasks.get(client, id);
    if (task !== undefined) this.#tasks.delete(client, id);
    return task;
  }

  /** Drops all tasks. */
  clear(): void {
    this.#tasks.clear();
  }
}
