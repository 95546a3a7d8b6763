/**
 * Those who wait for a change and then look for themselves.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { StoredTask } from "../store/store.ts";
import type { Publish } from "./publish_queue.ts";

/** Hears of each change of a task: its record, or `null` where it is gone. */
export type TaskListener = (stored: StoredTask | null) => void;

/** Who waits for changes of one client's tasks. */
export class ChangeListeners {
  readonly #ofFrames: Set<() => void> = new Set();
  readonly #ofTasks: Map<string, Set<TaskListener>> = new Map();

  /** Whether nobody is there. */
  get isEmpty(): boolean {
    return this.#ofFrames.size === 0 && this.#ofTasks.size === 0;
  }

  /** Adds somebody who is called with each frame; gives back what ends it. */
  onFrame(listener: () => void): () => void {
    this.#ofFrames.add(listener);
    return () => void this.#ofFrames.delete(listener);
  }

  /** Adds somebody who is called with each change of one task, while it is made; gives back what ends it. */
  onTask(id: string, listener: TaskListener): () => void {
    const listeners = this.#ofTasks.get(id) ?? new Set();
    this.#ofTasks.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofTasks.get(id) === listeners) this.#ofTasks.delete(id);
    };
  }

  /** Hears of a change. */
  note({ stored, removedId }: RegistryEvent): void {
    if (this.#ofTasks.size === 0) return;
    const listeners = this.#ofTasks.get(stored?.id ?? removedId!);
    for (const listener of [...listeners ?? []]) listener(stored ?? null);
  }

  /** Calls those who are there now, once what has changed may be shown; `null` where there is nobody. */
  takeFrame(): Publish | null {
    if (this.#ofFrames.size === 0) return null;
    const listeners = [...this.#ofFrames];
    return () => {
      for (const listener of listeners) if (this.#ofFrames.has(listener)) listener();
    };
  }
}
