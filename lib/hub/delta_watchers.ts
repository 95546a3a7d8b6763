/**
 * Those who watch what changes of a client's tasks.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { StoredTask } from "../store/store.ts";
import { deltaMessage, deltaOf } from "./messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** The watchers of changes, and what they were not told yet. */
export class DeltaWatchers {
  readonly #watchers: Set<Watcher> = new Set();
  /** The newest records of tasks that changed since the last frame; `null` where the task is gone. */
  readonly #changed: Map<string, StoredTask | null> = new Map();
  /** Ids of tasks that were removed since the last frame, also where another task has taken the id. */
  readonly #removed: Set<string> = new Set();

  /** Whether nobody is there. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** Adds somebody who was told all so far, or is about to be. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  /** Whether somebody is still there. */
  has(watcher: Watcher): boolean {
    return this.#watchers.has(watcher);
  }

  /** Somebody has left. */
  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    // Nobody is to be told, and nothing more is noted: who comes next would hear of records that are old by then.
    this.#changed.clear();
    this.#removed.clear();
  }

  /** Hears of a change. */
  note({ stored, removedId }: RegistryEvent): void {
    if (this.#watchers.size === 0) return;
    if (stored !== undefined) {
      this.#changed.set(stored.id, stored);
    } else {
      this.#changed.set(removedId, null);
      this.#removed.add(removedId);
    }
  }

  /** Makes a frame of what those who are there now were not told; `null` where that is nothing. */
  takeFrame(): Publish | null {
    if (this.#changed.size === 0) return null;
    const tasks = [...this.#changed.values()].filter((stored) => stored !== null);
    const removed = [...this.#removed];
    this.#changed.clear();
    this.#removed.clear();
    if (this.#watchers.size === 0) return null;
    const delta = deltaOf(tasks, removed);
    return this.broadcast((cursor) => deltaMessage(cursor, delta));
  }

  /** Sends a message to those who are there now, once it may be shown; who comes until then is told by the opening. */
  broadcast(message: (cursor: string) => string): Publish {
    const watchers = [...this.#watchers];
    return (cursor) => {
      const text = message(cursor);
      for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.send(text);
    };
  }
}
