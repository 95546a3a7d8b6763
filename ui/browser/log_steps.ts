/**
 * Divides a log into the steps of the task's timeline, so that each step can be collapsed.
 *
 * @module
 */

import type { LogLine } from "../../lib/task/task.ts";
import { type LogFolds, type LogGroup, stepGroups, type StepStart } from "../shared/log_groups.ts";
import type { TaskLog } from "../shared/model.ts";
import type { TimelineRow } from "../shared/steps.ts";
import type { Readable } from "../shared/view.ts";
import { LogFoldState } from "./log_fold_state.ts";
import type { LogRequests } from "./log_requests.ts";

/** The steps of a log, once the user has chosen to see them. At first, steps that have ended are collapsed. */
export class LogSteps {
  readonly #state = new LogFoldState();
  readonly #load: LogRequests["firstSince"];
  /** The number of the first line of each step whose number is known, by the time of the step. */
  readonly #numbers: Map<number, number> = new Map();
  #rows: readonly TimelineRow[] = [];
  #log: TaskLog = { dropped: 0, gone: 0, lines: [] };
  #isShown = false;
  #isLoading = false;
  /** Whether the steps were shown before, when those that had ended were collapsed. */
  #hasBegun = false;

  /** @param load fetches the number of the first line that was written at or after a time */
  constructor(load: LogRequests["firstSince"]) {
    this.#load = load;
  }

  /** The steps that have lines, and which of these are collapsed. */
  get folds(): Readable<LogFolds> {
    return this.#state.folds;
  }

  /** Shows the steps, or hides them. */
  show(isShown: boolean): void {
    if (isShown === this.#isShown) return;
    this.#isShown = isShown;
    this.#hasBegun = false;
    if (isShown) this.#update();
    else this.#state.clear();
  }

  /** Reads the timeline of the task and the newest lines of its log. */
  grew(rows: readonly TimelineRow[], log: TaskLog): void {
    this.#rows = rows;
    this.#log = log;
    if (this.#isShown) this.#update();
  }

  /** Collapses or expands a step. */
  toggle(from: number): void {
    this.#state.toggle(from);
  }

  /** Collapses or expands all steps. */
  setAll(isCollapsed: boolean): void {
    this.#state.setAll(isCollapsed);
  }

  /** Expands the step that a line belongs to. */
  reveal(number: number): void {
    const groups = [...this.#state.folds.peek().groups.values()];
    this.#state.expand(groups.filter(({ from, to }) => from <= number && number <= (to ?? Infinity)));
  }

  /** Forgets the steps, because another task has reused the id. */
  clear(): void {
    this.#numbers.clear();
    this.#hasBegun = false;
    this.#state.clear();
  }

  #update(): void {
    const { dropped, gone, lines } = this.#log;
    const unknown: number[] = [];
    const starts = this.#rows.map((row): StepStart => {
      const number = this.#numbers.get(row.at) ?? this.#find(row.at);
      if (number === null) unknown.push(row.at);
      return { row, number: number === null ? null : Math.max(number, gone) };
    });
    if (unknown.length > 0) return void this.#loadAll(unknown);
    const groups = stepGroups(starts, dropped + lines.length);
    this.#state.show(this.#collapsed(groups), groups);
  }

  /**
   * Returns the number of the first line at or after a time; `null` if it may be among older lines that the page does
   * not have.
   */
  #find(at: number): number | null {
    const { dropped, gone, lines } = this.#log;
    const index = firstSince(lines, at);
    if (index === 0 && dropped > gone) return null;
    const number = dropped + index;
    if (index < lines.length) this.#numbers.set(at, number);
    return number;
  }

  async #loadAll(times: readonly number[]): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      await Promise.all(times.map(async (at) => this.#numbers.set(at, await this.#load(at))));
    } catch {
      // The log can be read without its steps, so the error is ignored; the next lines cause another attempt.
      return;
    } finally {
      this.#isLoading = false;
    }
    if (this.#isShown) this.#update();
  }

  #collapsed(groups: ReadonlyMap<number, LogGroup>): ReadonlySet<number> {
    if (this.#hasBegun) return this.#state.folds.peek().collapsed;
    this.#hasBegun = groups.size > 0;
    return new Set([...groups.values()].filter(({ to }) => to !== null).map(({ from }) => from));
  }
}

/** Returns the index of the first line at or after a time, by binary search, because the times of a log ascend. */
function firstSince(lines: readonly LogLine[], at: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.at >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}
