/**
 * Counts a client's tasks, most of which a page may not show, by what it hears of them.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { TaskCounts } from "../shared/view.ts";

/** How many removed tasks are remembered. One that is restored comes back soon after its removal. */
const MOST_GONE = 1_000;

/** What it is made of. */
export type TallyModel = Pick<ClientPageModel, "tasks" | "activeTotal" | "endedTotal" | "now" | "page">;

/** The numbers above the lists of a page. */
export class TaskTally {
  readonly #pageTime: number;
  readonly #isFirstPage: boolean;
  /** Tasks that are counted, and whether they had ended. */
  readonly #counted = new Map<string, boolean>();
  /** Tasks that are known not to be counted. Only where not all are known. */
  readonly #gone = new Set<string>();
  /** Whether every task that is counted is known. Else there are some that this page was never told of. */
  #knowsAll: boolean;
  #counts: TaskCounts;

  /** @param model what the page was rendered from */
  constructor(model: TallyModel) {
    const { tasks, activeTotal, endedTotal, now, page } = model;
    this.#pageTime = now;
    this.#isFirstPage = page === 1;
    this.#knowsAll = tasks.length === activeTotal + endedTotal;
    this.#counts = { active: activeTotal, ended: endedTotal, newer: 0 };
    for (const task of tasks) this.#counted.set(task.id, hasEnded(task));
  }

  /** The numbers as they are; the same object while they stay so. */
  get counts(): TaskCounts {
    return this.#counts;
  }

  /**
   * Counts a task as it is now.
   *
   * @returns whether it has ended since it was counted last
   */
  note(task: Task): boolean {
    const isEnded = hasEnded(task);
    const before = this.#counted.get(task.id) ?? this.#guess(task);
    this.#counted.set(task.id, isEnded);
    this.#gone.delete(task.id);
    if (before === isEnded) return false;
    const isNewer = !this.#isFirstPage && before === undefined && task.created_at > this.#pageTime;
    this.#add(isEnded, 1, isNewer ? 1 : 0);
    if (before !== undefined) this.#add(before, -1);
    return before === false;
  }

  /** Counts a task no longer. */
  remove(id: string): void {
    let before = this.#counted.get(id);
    if (before === undefined) {
      if (this.#knowsAll || this.#gone.has(id)) return;
      // Only what has ended can be removed.
      before = true;
    }
    this.#counted.delete(id);
    this.#add(before, -1);
    if (this.#knowsAll) return;
    this.#gone.add(id);
    const [oldest] = this.#gone;
    if (this.#gone.size > MOST_GONE && oldest !== undefined) this.#gone.delete(oldest);
  }

  /** Forgets what it had and counts these tasks: all of the client's. */
  replace(tasks: readonly Task[]): void {
    this.#counted.clear();
    this.#gone.clear();
    this.#knowsAll = true;
    for (const task of tasks) this.#counted.set(task.id, hasEnded(task));
    const ended = tasks.filter(hasEnded).length;
    this.#counts = { active: tasks.length - ended, ended, newer: 0 };
  }

  /** As what a task is counted that was never seen here; `undefined` where it is not. */
  #guess(task: Task): boolean | undefined {
    if (this.#knowsAll || this.#gone.has(task.id) || task.created_at > this.#pageTime) return undefined;
    // An end later than the page tells that it was still active.
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
