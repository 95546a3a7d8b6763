/**
 * Keeps the totals of a list's sections up to date, although most of their tasks may not be loaded.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import type { ListSection } from "../shared/list_slice.ts";

/** The tolerated difference between the clocks of the page and the server, in seconds. */
const CLOCK_TOLERANCE = 2;

/** Counts the tasks of each section or state, for the totals beside their names. */
export class SectionTally {
  /**
   * The key of the section of each task whose record the page has received; `null` if the task does not belong to the
   * list.
   */
  readonly #known = new Map<string, string | null>();
  #totals: ReadonlyMap<string, number> = new Map();
  #since = 0;
  #knowsAll = false;
  #isUncertain = false;
  #hasMoved = false;

  /** The current totals; the same object until one changes. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  /** Whether the totals may be wrong: a task changed, and it is unknown whether the totals include the change. */
  get isUncertain(): boolean {
    return this.#isUncertain;
  }

  /** Whether the page has received a record of the task. */
  knows(id: string): boolean {
    return this.#known.has(id);
  }

  /** Must be called before totals are requested, because later changes make the response uncertain. */
  mark(): void {
    this.#hasMoved = false;
  }

  /**
   * Replaces the totals with those that the server counted.
   *
   * @param sections the sections with their totals
   * @param now when the server counted them, in epoch seconds
   */
  count(sections: readonly ListSection[], now: number): void {
    this.#totals = this.#knowsAll
      ? this.#countKnown(sections)
      : new Map(sections.map(({ key, total }) => [key, total]));
    this.#since = now;
    this.#isUncertain = this.#hasMoved && !this.#knowsAll;
  }

  /**
   * Counts the known tasks instead of using the server's totals, which may include a change that has not arrived yet
   * and would then count twice.
   */
  #countKnown(sections: readonly ListSection[]): ReadonlyMap<string, number> {
    const totals = new Map(sections.map(({ key }) => [key, 0]));
    for (const key of this.#known.values()) {
      if (key !== null) totals.set(key, (totals.get(key) ?? 0) + 1);
    }
    return totals;
  }

  /**
   * Forgets all tasks and starts with the tasks of another list.
   *
   * @param shown the loaded tasks
   * @param knowsAll whether the loaded tasks are the whole list
   * @param sectionOf returns the key of a task's section; `null` if the task does not belong to the list
   */
  begin(shown: Iterable<Task>, knowsAll: boolean, sectionOf: (task: TaskSummary) => string | null): void {
    this.#known.clear();
    this.add(shown, knowsAll, sectionOf);
  }

  /** Adds loaded tasks that are already included in the totals. */
  add(shown: Iterable<Task>, knowsAll: boolean, sectionOf: (task: TaskSummary) => string | null): void {
    for (const task of shown) this.#known.set(task.id, sectionOf(task));
    this.#knowsAll = knowsAll;
  }

  /** Moves a task to a section, or to no section. */
  note(task: Task, key: string | null): void {
    const isNew = this.#knowsAll || task.created_at > this.#since + CLOCK_TOLERANCE;
    const before = this.#known.get(task.id);
    this.#known.set(task.id, key);
    if (before === undefined && !isNew) this.#isUncertain = this.#hasMoved = true;
    else this.#move(before ?? null, key, task.updated_at);
  }

  /**
   * Removes a task from its section.
   *
   * @param id the id of the task
   * @param now the time, in epoch seconds
   */
  remove(id: string, now: number): void {
    const before = this.#known.get(id);
    if (before === undefined && !this.#knowsAll) this.#isUncertain = this.#hasMoved = true;
    this.#known.delete(id);
    this.#move(before ?? null, null, now);
  }

  /**
   * Makes the totals uncertain, because a task whose record the page does not have may have moved to another section.
   */
  doubt(id?: string): void {
    if (id !== undefined) this.#known.delete(id);
    this.#knowsAll = false;
    this.#isUncertain = this.#hasMoved = true;
  }

  #move(from: string | null, to: string | null, at: number): void {
    if (from === to) return;
    this.#hasMoved = true;
    // A response over HTTP may arrive before the update with a change that it already includes.
    if (!this.#knowsAll && at <= this.#since + CLOCK_TOLERANCE) this.#isUncertain = true;
    const totals = new Map(this.#totals);
    if (from !== null) totals.set(from, Math.max(0, (totals.get(from) ?? 0) - 1));
    if (to !== null) totals.set(to, (totals.get(to) ?? 0) + 1);
    this.#totals = totals;
  }
}
