/**
 * Writes the server's log, as text or JSON lines. Request URLs are never logged, because they may contain
 * tokens; control characters are removed, so that logged text cannot forge a line.
 *
 * @module
 */

import { plainText } from "../../text/terminal_text.ts";

/** Severities, most severe first. */
export const LOG_LEVELS = ["error", "warn", "info"] as const;

/** The severity of a message, one of {@linkcode LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Output formats: text for people, or a JSON object per line. */
export const LOG_FORMATS = ["pretty", "json"] as const;

/** The format of the log, one of {@linkcode LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Options of a {@linkcode Log}. */
export interface LogOptions {
  readonly format: LogFormat;
  /** The lowest severity to log; less severe messages are dropped. */
  readonly level: LogLevel;
  /** Writes a line of the log. */
  readonly write: (line: string) => void;
}

/** The maximum length of a message, a stack or a line of a stack, in characters; the rest is cut off. */
const MAX_CHARACTERS = 8_192;

/** Logs the server's events, one message each. */
export class Log {
  readonly #options: LogOptions;

  /** @param options the format, the level and the output */
  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** Logs an event of normal operation. */
  info(event: string, message: string): void {
    this.#log("info", event, message);
  }

  /** Logs an event that an operator should know about. */
  warn(event: string, message: string): void {
    this.#log("warn", event, message);
  }

  /** Logs a failure, with its stack if it is an `Error`. */
  error(event: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#log("error", event, message, error instanceof Error ? error.stack : undefined);
  }

  #log(level: LogLevel, event: string, message: string, stack?: string): void {
    const { format, level: threshold, write } = this.#options;
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(threshold)) return;
    if (format === "json") {
      const fields = {
        time: new Date().toISOString(),
        level,
        event,
        message: message.slice(0, MAX_CHARACTERS),
        ...(stack !== undefined && { stack: stack.slice(0, MAX_CHARACTERS) }),
      };
      return write(JSON.stringify(fields));
    }
    write(`taskscope: ${plainText(message, MAX_CHARACTERS)}`);
    // Only the stack frames are logged, without the message that precedes them.
    for (const line of stack?.split("\n").slice(1) ?? []) write(`    ${plainText(line, MAX_CHARACTERS)}`);
  }
}
