/**
 * Sends the changes of single tasks to the watchers of these tasks.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { TaskRecord } from "../store/store.ts";
import { isFinal } from "../task/task.ts";
import { taskMessage } from "./messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** The watchers of a client's single tasks, and the changes that are not sent to them yet. */
export class TaskWatchers {
  readonly #byTask: Map<string, Set<Watcher>> = new Map();
  /** The newest records of the watched tasks that changed since the last frame. */
  readonly #changed: Map<string, TaskRecord> = new Map();
  /** Final frames for the watchers of tasks that have ended or were removed. */
  #endings: Publish[] = [];

  /** Whether there is no watcher and no pending final frame. */
  get isEmpty(): boolean {
    return this.#byTask.size === 0 && this.#endings.length === 0;
  }

  /**
   * Adds a watcher of a task that has not ended.
   *
   * @returns the set of the task's watchers; a later task with the same id gets another set
   */
  add(id: string, watcher: Watcher): Set<Watcher> {
    let watchers = this.#byTask.get(id);
    if (watchers === undefined) this.#byTask.set(id, watchers = new Set());
    return watchers.add(watcher);
  }

  /** Removes a watcher. */
  delete(id: string, watchers: Set<Watcher>, watcher: Watcher): void {
    watchers.delete(watcher);
    if (watchers.size === 0 && this.#byTask.get(id) === watchers) this.#byTask.delete(id);
  }

  /** Records a change for the next frame. */
  note({ stored, removedId }: RegistryEvent): void {
    const id = stored?.id ?? removedId!;
    const watchers = this.#byTask.get(id);
    if (watchers === undefined) return;
    if (stored !== undefined && !isFinal(stored.summary.state)) {
      this.#changed.set(id, stored);
      return;
    }
    // The watchers of an ended or removed task get its last record; a later task with the same id has its own
    // watchers.
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

  /** Returns frames with the recorded changes for the current watchers. */
  takeFrames(): Publish[] {
    const frames: Publish[] = [];
    for (const [id, stored] of this.#changed) {
      const watchers = this.#byTask.get(id);
      if (watchers === undefined) continue;
      const message = taskMessage("state_update", stored);
      const receivers = [...watchers];
      frames.push(() => {
        for (const watcher of receivers) if (watchers.has(watcher)) watcher.send(message);
      });
    }
    frames.push(...this.#endings);
    this.#changed.clear();
    this.#endings = [];
    return frames;
  }
}
