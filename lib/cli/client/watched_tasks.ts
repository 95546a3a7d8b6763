/**
 * What there is to see of tasks that are watched: which run, and which changes are worth a line. Pure.
 *
 * @module
 */

import type { Task } from "../../task/task.ts";
import { comparePlace, hasEnded } from "../../task/task_view.ts";
import type { News } from "./follow.ts";

/** The tasks as they were told last. */
export class WatchedTasks {
  readonly #tasks: Map<string, Task> = new Map();
  readonly #tellsOldEnds: boolean;
  #isFirst = true;

  /** @param tellsOldEnds whether it is worth a line that a task had ended before anybody watched */
  constructor(tellsOldEnds: boolean) {
    this.#tellsOldEnds = tellsOldEnds;
  }

  /** A task; `undefined` where there is none. */
  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** The tasks that have not ended, newest first. */
  get live(): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => !hasEnded(task)).sort(comparePlace);
  }

  /**
   * Takes on what was told.
   *
   * @param news what was told
   * @returns the tasks of which it is worth a line
   */
  apply({ tasks, removed, isAll }: News & { readonly type: "tasks" }): readonly Task[] {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    for (const id of removed) this.#tasks.delete(id);
    if (isAll) {
      const all = new Set(tasks.map((task) => task.id));
      for (const id of this.#tasks.keys()) if (!all.has(id)) this.#tasks.delete(id);
    }
    return tasks.filter((task) => {
      const before = this.#tasks.get(task.id);
      // What was asked for over plain HTTP may come after what the socket told meanwhile.
      if (before?.created_at === task.created_at && before.version > task.version) return false;
      this.#tasks.set(task.id, task);
      if (isFirst && hasEnded(task)) return this.#tellsOldEnds;
      return isMilestone(before, task);
    });
  }
}

/**
 * Whether a change is worth a line: another state, another quarter, a request to stop, silence and its end.
 *
 * @param before the task as it was; `undefined` where it was not known
 * @param after the task as it is
 */
export function isMilestone(before: Task | undefined, after: Task): boolean {
  return before === undefined || before.created_at !== after.created_at || before.state !== after.state ||
    quarterOf(after) > quarterOf(before) ||
    before.stale !== after.stale || (after.cancel_requested && !before.cancel_requested);
}

function quarterOf({ progress }: Task): number {
  return progress === null ? -1 : Math.floor(progress / 25);
}
