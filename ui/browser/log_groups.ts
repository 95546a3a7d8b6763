/**
 * Finds the groups of a log, from the lines of the page and, for older lines, with the server's search; and keeps track
 * of which groups are collapsed.
 *
 * @module
 */

import { groupMark } from "../../lib/text/group_marks.ts";
import { groupsAround, groupsOf, type LogFolds, type LogGroup, type MarkLine } from "../shared/log_groups.ts";
import type { TaskLog } from "../shared/model.ts";
import type { Readable } from "../shared/view.ts";
import { LogFoldState } from "./log_fold_state.ts";
import type { LogRequests } from "./log_requests.ts";

/** The maximum number of lines that begin or end groups; beyond it, such lines are treated like any other line. */
const MAX_MARKS = 10_000;

/**
 * The groups of a log. At first, groups that have ended are collapsed, except for a group at the very end of the log.
 */
export class LogGroups {
  readonly #state = new LogFoldState();
  readonly #load: LogRequests["marks"];
  /** The lines that begin or end groups, below {@linkcode #end}. */
  #marks: MarkLine[] = [];
  /** The number of the line up to which all marks are known. */
  #end = 0;
  /** The number of lines of the log. */
  #count = 0;
  /** The line that the user wants to go to, until the groups that contain it are known. */
  #wanted: number | null = null;
  #isLoading = false;
  /**
   * Whether all groups before the newest lines are known: those that existed when the page was opened, and those of
   * lines that the page skipped.
   */
  #isComplete = false;

  /** @param load fetches the lines of a range that begin or end groups */
  constructor(load: LogRequests["marks"]) {
    this.#load = load;
  }

  /** Reads the newest lines of the log. */
  grew(log: TaskLog): void {
    const { dropped, gone, lines } = log;
    const end = this.#count = dropped + lines.length;
    if (end < this.#end) {
      this.#marks = this.#marks.filter(({ number }) => number < end);
      this.#end = end;
      this.#add([]);
    }
    this.#end = Math.max(this.#end, gone);
    if (this.#end < dropped) {
      this.#isComplete = false;
      return void this.#loadTo(log);
    }
    const fresh = lines.slice(this.#end - dropped).flatMap((line, index) =>
      groupMark(line.text) === null ? [] : { ...line, number: this.#end + index }
    );
    this.#end = end;
    if (fresh.length > 0) this.#add(fresh);
    this.#isComplete = true;
    if (this.#wanted !== null && this.#wanted < end) this.reveal(this.#wanted);
  }

  /** The groups, and which of them are collapsed. */
  get folds(): Readable<LogFolds> {
    return this.#state.folds;
  }

  /** Collapses or expands the group that begins with a line. */
  toggle(from: number): void {
    this.#state.toggle(from);
  }

  /** Collapses or expands all groups. */
  setAll(isCollapsed: boolean): void {
    this.#state.setAll(isCollapsed);
  }

  /** Expands the groups that contain a line. */
  reveal(number: number): void {
    this.#wanted = number >= this.#end ? number : null;
    this.#state.expand(groupsAround(this.#state.folds.peek(), number));
  }

  /** Forgets all groups, because another task has reused the id. */
  clear(): void {
    this.#marks = [];
    this.#end = 0;
    this.#isComplete = false;
    this.#state.clear();
  }

  async #loadTo(log: TaskLog): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const from = this.#end;
    try {
      const marks = await this.#load(from, log.dropped);
      if (this.#end !== from) return;
      this.#end = log.dropped;
      this.#add(marks);
    } catch {
      // The log can be read without folding, so the error is ignored; the next lines cause another attempt.
      return;
    } finally {
      this.#isLoading = false;
    }
    this.grew(log);
  }

  /** Adds marks. Collapses groups that have ended, except for groups that ended while the user was watching. */
  #add(marks: readonly MarkLine[]): void {
    this.#marks = [...this.#marks, ...marks].slice(0, MAX_MARKS);
    const groups = groupsOf(this.#marks);
    const { groups: known, collapsed } = this.#state.folds.peek();
    const hasEnded = ({ from, to }: LogGroup) => to !== null && (known.get(from)?.to ?? null) === null;
    const added = [...groups.values()].filter((group) =>
      !this.#isComplete && hasEnded(group) && group.to !== this.#count - 1
    );
    this.#state.show(new Set([...collapsed, ...added.map(({ from }) => from)]), groups);
  }
}
