/**
 * The newest log lines of many tasks, within bounds.
 *
 * @module
 */

import type { LogLine } from "../../task/task.ts";
import type { LogSlice } from "../store.ts";

/** The bounds of a {@linkcode LogBook}. */
export interface LogLimits {
  /** Lines that are kept of one task. */
  readonly logLinesPerTask: number;
  /** Characters that are kept of all tasks together. */
  readonly logCharacters: number;
}

interface Log {
  /** The number of the first line that is kept. */
  first: number;
  lines: LogLine[];
  characters: number;
}

/** Keeps the newest lines of each task; where all together are too many, the log that was quiet for longest goes. */
export class LogBook {
  readonly #limits: LogLimits;
  /** In the order of the last write, quietest first. */
  readonly #logs: Map<string, Log> = new Map();
  #characters = 0;

  /** @param limits the bounds to keep */
  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** Appends lines to a task's log; `first` is the number of the first of them. */
  append(client: string, id: string, first: number, lines: readonly LogLine[]): void {
    const key = `${client}/${id}`;
    const log = this.#logs.get(key) ?? { first, lines: [], characters: 0 };
    for (const line of lines) {
      log.lines.push(line);
      this.#count(log, line.text.length);
    }
    // Cut only past half as many again, so that each line costs the same on average.
    if (log.lines.length > this.#limits.logLinesPerTask * 1.5) this.#trim(log);
    this.#logs.delete(key);
    this.#logs.set(key, log);
    while (this.#characters > this.#limits.logCharacters && this.#logs.size > 1) this.#forgetQuietest();
  }

  /** What is kept of the lines whose numbers are at least `from` and below `to`, oldest first, so many at most. */
  read(client: string, id: string, from: number, to: number, most: number = to - from): LogSlice {
    const log = this.#logs.get(`${client}/${id}`);
    if (log === undefined) return { first: from, lines: [] };
    const { first, lines } = log;
    const oldest = first + Math.max(0, lines.length - this.#limits.logLinesPerTask);
    const start = Math.max(from, oldest);
    return {
      first: start,
      lines: lines.slice(start - first, Math.max(start, Math.min(to, start + most)) - first),
    };
  }

  /** Forgets a task's log. */
  delete(client: string, id: string): void {
    const key = `${client}/${id}`;
    this.#characters -= this.#logs.get(key)?.characters ?? 0;
    this.#logs.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#logs.clear();
    this.#characters = 0;
  }

  #trim(log: Log): void {
    const over = log.lines.length - this.#limits.logLinesPerTask;
    for (const line of log.lines.slice(0, over)) this.#count(log, -line.text.length);
    log.lines = log.lines.slice(over);
    log.first += over;
  }

  #forgetQuietest(): void {
    const [quietest] = this.#logs;
    if (quietest === undefined) return;
    const [key, log] = quietest;
    this.#characters -= log.characters;
    this.#logs.delete(key);
  }

  #count(log: Log, characters: number): void {
    log.characters += characters;
    this.#characters += characters;
  }
}
