/**
 * Tracks watched tasks, and finds the changes that are milestones.
 *
 * @module
 */

import type { Task } from "../../task/task.ts";
import { comparePlace, hasEnded } from "../../task/task_view.ts";
import type { FollowEvent } from "./follow.ts";

/** The latest records of watched tasks. */
export class WatchedTasks {
  readonly #tasks: Map<string, Task> = new Map();
  readonly #reportsEarlierEnds: boolean;
  #isFirst = true;

  /**
   * @param reportsEarlierEnds whether a task that had already ended when watching began counts as a milestone
   */
  constructor(reportsEarlierEnds: boolean) {
    this.#reportsEarlierEnds = reportsEarlierEnds;
  }

  /** Returns a task; `undefined` if there is none with this id. */
  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** The tasks that have not ended, newest first. */
  get live(): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => !hasEnded(task)).sort(comparePlace);
  }

  /**
   * Applies an update.
   *
   * @param news the update
   * @returns the tasks that reached a milestone
   */
  apply(
    { tasks, removed, isAll, isOpening = false }: FollowEvent & { readonly type: "tasks" },
  ): readonly Task[] {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    for (const id of removed) this.#tasks.delete(id);
    if (isAll) {
      const all = new Set(tasks.map((task) => task.id));
      for (const id of this.#tasks.keys()) if (!all.has(id)) this.#tasks.delete(id);
    }
    return tasks.filter((task) => {
      const before = this.#tasks.get(task.id);
      // A REST response may be older than messages that the WebSocket has already delivered over the same connection.
      const isComparable = !(isAll && isOpening);
      if (isComparable && before?.created_at === task.created_at && before.version > task.version) {
        return false;
      }
      this.#tasks.set(task.id, task);
      if (isFirst && hasEnded(task)) return this.#reportsEarlierEnds;
      return isMilestone(before, task);
    });
  }
}

/**
 * Returns whether a change is a milestone: a new state, another 25 % completed, a request to stop, or the
 * start or end of staleness.
 *
 * @param before the task before the change; `undefined` if it is new
 * @param after the task after the change
 */
export function isMilestone(before: Task | undefined, after: Task): boolean {
  return before === undefined || before.created_at !== after.created_at || before.state !== after.state ||
    quarterOf(after) > quarterOf(before) ||
    before.stale !== after.stale || (after.cancel_requested && !before.cancel_requested);
}

function quarterOf({ progress }: Task): number {
  return progress === null ? -1 : Math.floor(progress / 25);
}
