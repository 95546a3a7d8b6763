/**
 * Searches the lines of a log.
 *
 * @module
 */

import { LOG_LEVELS, type LogLevel, type LogStream } from "../task/task.ts";
import { withoutSequences } from "../text/escape_sequences.ts";
import { groupMark, MARK_CHARACTERS } from "../text/group_marks.ts";
import type { NumberedLine } from "./side_tables.ts";

/** What to search a log for, and which of the matching lines to return. */
export interface LogQuery {
  /** The text that a line must contain. The search ignores case and escape sequences. */
  readonly text: string;
  /** The output that a line must come from; any if absent. */
  readonly stream?: LogStream | undefined;
  /** The lowest severity of a line; lines without a severity match only if this is absent. */
  readonly level?: LogLevel | undefined;
  /** Whether only lines that begin or end a group match (see `groupMark()`). The text of these lines is truncated. */
  readonly groups?: boolean | undefined;
  /** The lowest number of a line to return. */
  readonly from: number;
  /** The number after the highest number of a line to return. */
  readonly to: number;
  /** The maximum number of lines to return. */
  readonly most: number;
  /**
   * Which matches are returned if there are more than `most`. `next` returns the oldest, too, but the search begins at
   * `from` and ends with the last returned line, so that no other matches are counted.
   */
  readonly keep: "oldest" | "newest" | "next";
}

/** The result of a search. */
export interface LogMatches {
  /** The matching lines that the query selects, oldest first. */
  readonly lines: readonly NumberedLine[];
  /** The number of matching lines before those in `lines`. */
  readonly index: number;
  /** The number of all matching lines, including those that are not returned. */
  readonly matches: number;
  /** The number of lines that were searched. */
  readonly searched: number;
}

/** The number of characters after which a search should let other work run. */
const PART_CHARACTERS = 8_192;

/** A search over lines that are added in order, oldest first. */
export class LogSearch {
  readonly #query: LogQuery;
  readonly #wanted: string;
  #lines: NumberedLine[] = [];
  #index = 0;
  #matches = 0;
  #searched = 0;
  /** The number of characters searched in the present part. */
  #characters = 0;

  /** @param query what to search for */
  constructor(query: LogQuery) {
    this.#query = query;
    this.#wanted = query.text.toLowerCase();
  }

  /** The lowest number of a line to search. */
  get start(): number {
    return this.#query.keep === "next" ? this.#query.from : 0;
  }

  /** Whether the search is complete, so that further lines would not change the result. */
  get isDone(): boolean {
    return this.#query.keep === "next" && this.#lines.length >= this.#query.most;
  }

  /**
   * Searches a line.
   *
   * @returns whether a part of the search is done, so that the caller should let other work run
   */
  add(line: NumberedLine): boolean {
    this.#searched++;
    if (this.#isMatch(line)) this.#found(line);
    this.#characters += line.text.length;
    if (this.#characters < PART_CHARACTERS) return false;
    this.#characters = 0;
    return true;
  }

  #found(line: NumberedLine): void {
    this.#matches++;
    const { from, to, most, keep } = this.#query;
    if (line.number < from) this.#index++;
    if (line.number < from || line.number >= to || (keep !== "newest" && this.#lines.length >= most)) return;
    this.#lines.push(this.#query.groups ? { ...line, text: line.text.slice(0, MARK_CHARACTERS) } : line);
    if (this.#lines.length >= 2 * most) this.#trim();
  }

  /** Returns the result for the lines so far. */
  result(): LogMatches {
    this.#trim();
    return {
      lines: this.#lines,
      index: this.#index,
      matches: this.#matches,
      searched: this.#searched,
    };
  }

  #isMatch({ text, stream, level }: NumberedLine): boolean {
    const { stream: output, level: least, groups = false } = this.#query;
    if (groups && groupMark(text) === null) return false;
    if (output !== undefined && stream !== output) return false;
    if (
      least !== undefined && (level === undefined || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least))
    ) {
      return false;
    }
    return withoutSequences(text).toLowerCase().includes(this.#wanted);
  }

  /** Drops the oldest matches beyond `most`. */
  #trim(): void {
    const over = Math.max(0, this.#lines.length - this.#query.most);
    this.#lines = this.#lines.slice(over);
    this.#index += over;
  }
}
