/**
 * Calls callbacks inside the server when a client's tasks change.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { TaskRecord } from "../store/store.ts";
import type { Publish } from "./publish_queue.ts";

/**
 * A callback that is called with the task's record after each change, or with `null` when the task is
 * removed.
 */
export type TaskListener = (stored: TaskRecord | null) => void;

/** The listeners for changes of one client's tasks. */
export class ChangeListeners {
  readonly #ofFrames: Set<() => void> = new Set();
  readonly #ofTasks: Map<string, Set<TaskListener>> = new Map();

  /** Whether there is no listener. */
  get isEmpty(): boolean {
    return this.#ofFrames.size === 0 && this.#ofTasks.size === 0;
  }

  /**
   * Adds a listener that is called, without arguments, whenever a frame is published; returns a function that
   * removes the listener.
   */
  onFrame(listener: () => void): () => void {
    this.#ofFrames.add(listener);
    return () => void this.#ofFrames.delete(listener);
  }

  /**
   * Adds a listener that is called synchronously after each change of one task; returns a function that
   * removes the listener.
   */
  onTask(id: string, listener: TaskListener): () => void {
    const listeners = this.#ofTasks.get(id) ?? new Set();
    this.#ofTasks.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofTasks.get(id) === listeners) this.#ofTasks.delete(id);
    };
  }

  /** Calls the listeners of the task that has changed. */
  note({ stored, removedId }: RegistryEvent): void {
    if (this.#ofTasks.size === 0) return;
    const listeners = this.#ofTasks.get(stored?.id ?? removedId!);
    for (const listener of [...listeners ?? []]) listener(stored ?? null);
  }

  /**
   * Returns a frame that calls the current frame listeners once it is published; `null` if there are no
   * listeners.
   */
  takeFrame(): Publish | null {
    if (this.#ofFrames.size === 0) return null;
    const listeners = [...this.#ofFrames];
    return () => {
      for (const listener of listeners) if (this.#ofFrames.has(listener)) listener();
    };
  }
}
