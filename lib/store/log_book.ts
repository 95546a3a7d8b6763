/**
 * The newest log lines of many tasks, within bounds.
 *
 * @module
 */

import type { LogLine } from "../task.ts";

/** The bounds of a {@linkcode LogBook}. */
export interface LogLimits {
  /** Lines that are kept of one task. */
  readonly logLinesPerTask: number;
  /** Characters that are kept of all tasks together. */
  readonly logCharacters: number;
}

interface Log {
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

  /** Appends lines to a task's log. */
  append(client: string, id: string, lines: readonly LogLine[]): void {
    const key = `${client}/${id}`;
    const log = this.#logs.get(key) ?? { lines: [], characters: 0 };
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

  /** What is kept of a task's log, oldest first. */
  read(client: string, id: string): readonly LogLine[] {
    return this.#logs.get(`${client}/${id}`)?.lines.slice(-this.#limits.logLinesPerTask) ?? [];
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
