/**
 * Counts the tasks below each heading of a list, most of which may not be loaded, by what is heard of them.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import type { ListSection } from "../shared/list_slice.ts";

/** The server's clock may be ahead of what this page knows of it by so much, in seconds. */
const CLOCK_TOLERANCE = 2;

/** The numbers beside the headings of a list. */
export class SectionTally {
  /** Tasks that were heard of, and below which heading they stand; `null` for none. */
  readonly #known = new Map<string, string | null>();
  #totals: ReadonlyMap<string, number> = new Map();
  #since = 0;
  #knowsAll = false;
  #isUncertain = false;

  /** The numbers as they are; the same object while they stay so. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  /** Whether something was heard of a task that may have been counted before or not. */
  get isUncertain(): boolean {
    return this.#isUncertain;
  }

  /** Whether a task was heard of. */
  knows(id: string): boolean {
    return this.#known.has(id);
  }

  /**
   * Takes the server's numbers.
   *
   * @param sections the numbers
   * @param now when they were right, in epoch seconds
   * @param isSure whether nothing can have changed since then
   */
  count(sections: readonly ListSection[], now: number, isSure: boolean): void {
    this.#totals = new Map(sections.map(({ key, total }) => [key, total]));
    this.#since = now;
    this.#isUncertain = !isSure;
  }

  /**
   * Forgets what was heard: another list is shown.
   *
   * @param shown the tasks that are loaded
   * @param knowsAll whether those are all of the list
   * @param sectionOf gives a task's heading
   */
  begin(shown: Iterable<Task>, knowsAll: boolean, sectionOf: (task: TaskSummary) => string): void {
    this.#known.clear();
    this.add(shown, knowsAll, sectionOf);
  }

  /** Takes in more tasks that are counted already. */
  add(shown: Iterable<Task>, knowsAll: boolean, sectionOf: (task: TaskSummary) => string): void {
    for (const task of shown) this.#known.set(task.id, sectionOf(task));
    this.#knowsAll = knowsAll;
  }

  /** Counts a task as it is now, below a heading or below none. */
  note(task: Task, key: string | null): void {
    const isNew = this.#knowsAll || task.created_at > this.#since + CLOCK_TOLERANCE;
    const before = this.#known.get(task.id);
    this.#known.set(task.id, key);
    if (before === undefined && !isNew) this.#isUncertain = true;
    else this.#move(before ?? null, key);
  }

  /** Counts a task no longer. */
  remove(id: string): void {
    const before = this.#known.get(id);
    if (before === undefined && !this.#knowsAll) this.#isUncertain = true;
    this.#known.delete(id);
    this.#move(before ?? null, null);
  }

  #move(from: string | null, to: string | null): void {
    if (from === to) return;
    const totals = new Map(this.#totals);
    if (from !== null) totals.set(from, Math.max(0, (totals.get(from) ?? 0) - 1));
    if (to !== null) totals.set(to, (totals.get(to) ?? 0) + 1);
    this.#totals = totals;
  }
}
