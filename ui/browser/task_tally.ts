/**
 * Counts a client's active and ended tasks, although most of them may not be loaded.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { TaskCounts } from "../shared/view.ts";

/**
 * The number of removed tasks to remember in case they are restored, which is possible only for a few
 * seconds.
 */
const MAX_GONE = 1_000;

/** The page data from which the counts start. */
export type TallyModel = Pick<ClientPageModel, "tasks" | "activeTotal" | "endedTotal" | "now" | "page">;

/** Counts the active and the ended tasks of a client. */
export class TaskTally {
  readonly #pageTime: number;
  readonly #isFirstPage: boolean;
  /** The ids of the tasks that are counted individually, and whether each has ended. */
  readonly #counted = new Map<string, boolean>();
  /** The ids of removed tasks, of which a restored one has not ended just now. */
  readonly #gone = new Set<string>();
  /**
   * Whether every task is counted individually. If not every task is, the other tasks are included only in the totals.
   */
  #knowsAll: boolean;
  #counts: TaskCounts;

  /** @param model the page data with the initial counts */
  constructor(model: TallyModel) {
    const { tasks, activeTotal, endedTotal, now, page } = model;
    this.#pageTime = now;
    this.#isFirstPage = page === 1;
    this.#knowsAll = tasks.length === activeTotal + endedTotal;
    this.#counts = { active: activeTotal, ended: endedTotal, newer: 0 };
    for (const task of tasks) this.#counted.set(task.id, hasEnded(task));
  }

  /** The current counts; the same object until one changes. */
  get counts(): TaskCounts {
    return this.#counts;
  }

  /**
   * Counts a new version of a task.
   *
   * @returns whether the task has ended since its last version, or, if it is new, since the page was rendered
   */
  note(task: Task): boolean {
    const isEnded = hasEnded(task);
    const before = this.#counted.get(task.id) ?? this.#guess(task);
    const isRestored = this.#gone.has(task.id);
    this.#counted.set(task.id, isEnded);
    this.#gone.delete(task.id);
    if (before === isEnded) return false;
    const isNewer = !this.#isFirstPage && before === undefined && task.created_at > this.#pageTime;
    this.#add(isEnded, 1, isNewer ? 1 : 0);
    if (before !== undefined) this.#add(before, -1);
    return isEnded && (before === false || (task.created_at > this.#pageTime && !isRestored));
  }

  /** Stops counting a task. */
  remove(id: string): void {
    let before = this.#counted.get(id);
    if (before === undefined) {
      if (this.#knowsAll || this.#gone.has(id)) return;
      // Only ended tasks can be removed.
      before = true;
    }
    this.#counted.delete(id);
    this.#add(before, -1);
    this.#gone.add(id);
    const [oldest] = this.#gone;
    if (this.#gone.size > MAX_GONE && oldest !== undefined) this.#gone.delete(oldest);
  }

  /** Forgets all counts and starts with these tasks, which are all tasks of the client. */
  replace(tasks: readonly Task[]): void {
    this.#counted.clear();
    this.#gone.clear();
    this.#knowsAll = true;
    for (const task of tasks) this.#counted.set(task.id, hasEnded(task));
    const ended = tasks.filter(hasEnded).length;
    this.#counts = { active: tasks.length - ended, ended, newer: 0 };
  }

  /**
   * Guesses how the totals include a task of which the page had no record: as ended (`true`), as active
   * (`false`), or not at all (`undefined`).
   */
  #guess(task: Task): boolean | undefined {
    if (this.#knowsAll || this.#gone.has(task.id) || task.created_at > this.#pageTime) return undefined;
    // A task that ended after the page was rendered was still active at that time.
    return hasEnded(task) && (task.finished_at ?? 0) <= this.#pageTime;
  }

  #add(isEnded: boolean, number: 1 | -1, newer = 0): void {
    const counts = this.#counts;
    this.#counts = {
      active: Math.max(0, counts.active + (isEnded ? 0 : number)),
      ended: Math.max(0, counts.ended + (isEnded ? number : 0)),
      newer: counts.newer + newer,
    };
  }
}
