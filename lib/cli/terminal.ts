/**
 * What the commands write to: a terminal, or whatever else the output is.
 *
 * @module
 */

import { readVariable } from "../environment.ts";
import { plainText } from "../text/terminal_text.ts";

/** Columns where the output is no terminal. */
const FILE_WIDTH = 120;
/** What a terminal has that does not say how large it is. */
const TERMINAL_SIZE = { columns: 80, rows: 24 } as const;
/** What shells make of the end of a program that wrote to a pipe which nobody reads any more. */
const BROKEN_PIPE_STATUS = 141;

/** How large a terminal is. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Whether the output is a terminal that can move its cursor. */
export function isInteractive(): boolean {
  return Deno.stdout.isTerminal() && readVariable("TERM") !== "dumb";
}

/** Whether colours are wanted: on a terminal, where nobody set NO_COLOR. */
export function wantsColor(): boolean {
  return isInteractive() && !Deno.noColor;
}

/** How large the terminal is now. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    // Some say 0 where they do not know.
    return { columns: columns || TERMINAL_SIZE.columns, rows: rows || TERMINAL_SIZE.rows };
  } catch {
    return TERMINAL_SIZE;
  }
}

/** The columns that a line may take. */
export function outputWidth(): number {
  return Deno.stdout.isTerminal() ? terminalSize().columns : FILE_WIDTH;
}

/** Writes text to the output as it is. Ends the program where nobody reads any more. */
export function write(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(BROKEN_PIPE_STATUS);
    throw error;
  }
}

/** Writes a line to the output. */
export function writeLine(line: string): void {
  write(`${line}\n`);
}

/** Says something beside the output, in one line. */
export function note(message: string): void {
  // deno-lint-ignore no-console -- this is what it is for
  console.error(`taskscope: ${plainText(message)}`);
}
