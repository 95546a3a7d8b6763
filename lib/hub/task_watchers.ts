/**
 * Those who watch one task.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { StoredTask } from "../store/store.ts";
import { isFinal } from "../task/task.ts";
import { taskMessage } from "./messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** The watchers of a client's single tasks, and what they were not told yet. */
export class TaskWatchers {
  readonly #byTask: Map<string, Set<Watcher>> = new Map();
  /** The newest records of watched tasks that changed since the last frame. */
  readonly #changed: Map<string, StoredTask> = new Map();
  /** What those are to be sent with the next frame whose task has ended or is gone. */
  #endings: Publish[] = [];

  /** Whether nobody is there, and nobody has to be told of an end. */
  get isEmpty(): boolean {
    return this.#byTask.size === 0 && this.#endings.length === 0;
  }

  /**
   * Adds somebody who watches a task that has not ended.
   *
   * @returns all who watch the same task, which another task may take the id of
   */
  add(id: string, watcher: Watcher): Set<Watcher> {
    let watchers = this.#byTask.get(id);
    if (watchers === undefined) this.#byTask.set(id, watchers = new Set());
    return watchers.add(watcher);
  }

  /** Somebody of those who watch the same task has left. */
  delete(id: string, watchers: Set<Watcher>, watcher: Watcher): void {
    watchers.delete(watcher);
    if (watchers.size === 0 && this.#byTask.get(id) === watchers) this.#byTask.delete(id);
  }

  /** Hears of a change. */
  note({ stored, removedId }: RegistryEvent): void {
    const id = stored?.id ?? removedId!;
    const watchers = this.#byTask.get(id);
    if (watchers === undefined) return;
    if (stored !== undefined && !isFinal(stored.task.state)) {
      this.#changed.set(id, stored);
      return;
    }
    // They are sent its last record; whoever takes its id is another task.
    const last = stored ?? this.#changed.get(id);
    this.#byTask.delete(id);
    this.#changed.delete(id);
    const message = last === undefined ? null : taskMessage("state_update", last);
    this.#endings.push(() => {
      for (const watcher of [...watchers]) {
        if (message !== null) watcher.send(message);
        watcher.end();
      }
    });
  }

  /** Makes frames of what those who are there now were not told. */
  takeFrames(): Publish[] {
    const frames: Publish[] = [];
    for (const [id, stored] of this.#changed) {
      const watchers = this.#byTask.get(id);
      if (watchers === undefined) continue;
      const message = taskMessage("state_update", stored);
      const told = [...watchers];
      frames.push(() => {
        for (const watcher of told) if (watchers.has(watcher)) watcher.send(message);
      });
    }
    frames.push(...this.#endings);
    this.#changed.clear();
    this.#endings = [];
    return frames;
  }
}
