/**
 * Runs Taskscope on an emulated terminal.
 *
 * @module
 */

import { type Process, spawnOnTerminal } from "./program.ts";
import { Screen } from "./screen.ts";
import type { TerminalServer } from "./terminal_server.ts";
import { findTool } from "./tools.ts";
import { until } from "./until.ts";

/** The escape sequence that ends each frame of the program's live output. */
const FRAME_END = "\x1b[J";

/** A program on a terminal, and the screen of the terminal. */
export class Terminal implements AsyncDisposable {
  readonly process: Process;
  /** The width of the terminal. */
  readonly columns: number;
  readonly #screen: Screen;
  #seen = 0;

  /** @param process the program @param columns the width of the terminal @param rows the height of the terminal */
  constructor(process: Process, columns: number, rows: number) {
    this.process = process;
    this.columns = columns;
    this.#screen = new Screen(columns, rows);
  }

  /** The screen as of the last complete frame. */
  get screen(): Screen {
    this.#show(this.process.stdout.lastIndexOf(FRAME_END) + FRAME_END.length);
    return this.#screen;
  }

  /** Waits until the screen matches a pattern. */
  async shows(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.screen.lines.join("\n"))).catch(() => {
      throw new Error(`The terminal never showed ${pattern}, but:\n${this.screen.lines.join("\n")}`);
    });
  }

  /** Waits until the program has ended; returns its exit status. */
  async ended(): Promise<number> {
    const { code, stdout } = await this.process.ended();
    this.#show(stdout.length);
    return code;
  }

  #show(end: number): void {
    if (end <= this.#seen) return;
    this.#screen.write(this.process.stdout.slice(this.#seen, end));
    this.#seen = end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

/** Runs a command of Taskscope on a terminal; returns `undefined` if script(1) is not installed. */
export async function openTerminal(
  server: TerminalServer,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Terminal | undefined> {
  const script = await findTool(["script"], "commands on a terminal");
  if (script === undefined) return undefined;
  const [columns, rows] = [76, 8];
  const variables = { TASKSCOPE_SERVER: server.url, TASKSCOPE_CLIENT: "c", TERM: "xterm", ...env };
  // Without --quiet, Deno clears the line of its download progress, which moves the cursor.
  const options = { env: variables, columns, rows, runFlags: ["--quiet"] };
  return new Terminal(await spawnOnTerminal(script, args, options), columns, rows);
}
