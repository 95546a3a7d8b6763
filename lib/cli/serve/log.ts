/**
 * What a server says of itself, to its error output: for people, or a line of JSON each. No address of a request is in it,
 * and so no token; what others wrote can't make a line of its own.
 *
 * @module
 */

import { plainText } from "../../text/terminal_text.ts";

/** How much is said, from the least to the most. */
export const LOG_LEVELS = ["error", "warn", "info"] as const;

/** One of {@linkcode LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How it is said. */
export const LOG_FORMATS = ["pretty", "json"] as const;

/** One of {@linkcode LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Options of a {@linkcode Log}. */
export interface LogOptions {
  readonly format: LogFormat;
  /** What is less important is left out. */
  readonly level: LogLevel;
  /** Writes a line. */
  readonly write: (line: string) => void;
}

/** Longest text of a line, in characters. */
const MOST_CHARACTERS = 8_192;

/** Writes what happens. */
export class Log {
  readonly #options: LogOptions;

  /** @param options how to write, and how much */
  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** Says what happened, in one line. */
  info(event: string, message: string): void {
    this.#say("info", event, message);
  }

  /** Says what an operator should know. */
  warn(event: string, message: string): void {
    this.#say("warn", event, message);
  }

  /** Says what went wrong, with the stack where there is one. */
  error(event: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#say("error", event, message, error instanceof Error ? error.stack : undefined);
  }

  #say(level: LogLevel, event: string, message: string, stack?: string): void {
    const { format, level: most, write } = this.#options;
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(most)) return;
    if (format === "json") {
      const fields = {
        time: new Date().toISOString(),
        level,
        event,
        message: message.slice(0, MOST_CHARACTERS),
        ...(stack !== undefined && { stack: stack.slice(0, MOST_CHARACTERS) }),
      };
      return write(JSON.stringify(fields));
    }
    write(`taskscope: ${plainText(message, MOST_CHARACTERS)}`);
    // Where it went wrong, line by line, below it.
    for (const line of stack?.split("\n").slice(1) ?? []) write(`    ${plainText(line, MOST_CHARACTERS)}`);
  }
}
