/**
 * Sends the changes of a client's tasks to watchers, as deltas.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { TaskRecord } from "../store/store.ts";
import { deltaMessage, deltaOf } from "./messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** The watchers that receive deltas, and the changes that are not sent to them yet. */
export class DeltaWatchers {
  readonly #watchers: Set<Watcher> = new Set();
  /** The newest records of the tasks that changed since the last frame; `null` if the task was removed. */
  readonly #changed: Map<string, TaskRecord | null> = new Map();
  /** The ids of tasks removed since the last frame, even if another task already uses the id. */
  readonly #removed: Set<string> = new Set();

  /** Whether there is no watcher. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** Adds a watcher whose first messages cover all changes so far. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  /** Returns whether a watcher is registered: added and not removed. */
  has(watcher: Watcher): boolean {
    return this.#watchers.has(watcher);
  }

  /** Removes a watcher. */
  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    // Without watchers no change is recorded, so these records would be outdated when the next watcher is
    // added.
    this.#changed.clear();
    this.#removed.clear();
  }

  /** Records a change for the next frame. */
  note({ stored, removedId }: RegistryEvent): void {
    if (this.#watchers.size === 0) return;
    if (stored !== undefined) {
      this.#changed.set(stored.id, stored);
    } else {
      this.#changed.set(removedId, null);
      this.#removed.add(removedId);
    }
  }

  /**
   * Returns a frame with the recorded changes for the current watchers; `null` if there is nothing to send.
   */
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

  /**
   * Returns a frame that sends a message to the current watchers. Watchers that are added after this call get
   * the content of the message in their first messages.
   */
  broadcast(message: (cursor: string) => string): Publish {
    const watchers = [...this.#watchers];
    return (cursor) => {
      const text = message(cursor);
      for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.send(text);
    };
  }
}
