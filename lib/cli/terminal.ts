/**
 * Writes to stdout and stderr, and describes the terminal.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { plainText } from "../text/terminal_text.ts";

/** The maximum width of a line if the output is not a terminal, in columns. */
const FILE_WIDTH = 120;
/** The size of a terminal that does not report one. */
const DEFAULT_SIZE = { columns: 80, rows: 24 } as const;
/** The exit status of a program that writes to a closed pipe, as shells report it: 128 + SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Returns whether stdout is a terminal that can move its cursor. */
export function isInteractive(): boolean {
  return Deno.stdout.isTerminal() && readVariable("TERM") !== "dumb";
}

/** Returns whether to write colours: only on a terminal, and only if NO_COLOR is not set. */
export function wantsColor(): boolean {
  return isInteractive() && !Deno.noColor;
}

/** Returns the terminal's current size. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    // Some terminals report 0 if they do not know their size.
    return { columns: columns || DEFAULT_SIZE.columns, rows: rows || DEFAULT_SIZE.rows };
  } catch {
    return DEFAULT_SIZE;
  }
}

/** Returns the width of a line of output, in columns. */
export function outputWidth(): number {
  return Deno.stdout.isTerminal() ? terminalSize().columns : FILE_WIDTH;
}

/** Writes text to stdout unchanged. Exits the process if the reader has closed the pipe. */
export function write(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(BROKEN_PIPE_STATUS);
    throw error;
  }
}

/** Writes a line to stdout. */
export function writeLine(line: string): void {
  write(`${line}\n`);
}

/** Writes a message to stderr, as one line. */
export function note(message: string): void {
  // deno-lint-ignore no-console -- the CLI writes to the console by design
  console.error(`taskscope: ${plainText(message)}`);
}
