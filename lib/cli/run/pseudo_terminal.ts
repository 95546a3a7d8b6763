/**
 * Wraps a command line with script(1), which runs it in a pseudo-terminal.
 *
 * @module
 */

/** A program to start, with its arguments. */
export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
  /** Environment variables to add to the variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Facts about the machine that {@linkcode inPseudoTerminal} builds the command line for. */
export interface PseudoTerminalOptions {
  readonly os: typeof Deno.build.os;
  /** Whether stdin is a terminal; if so, script(1) copies its size to the pseudo-terminal. */
  readonly hasTerminal: boolean;
  /** The value of `SHELL`. */
  readonly shell: string | undefined;
}

/**
 * The shell command that sets up a pseudo-terminal if stdin is no terminal: a default size, and no echo of
 * the input.
 */
const SET_UP = "stty cols 80 rows 24 -echo 2>/dev/null; ";

/**
 * Wraps a command so that it runs in a pseudo-terminal.
 *
 * @param command the program and its arguments
 * @param options the environment
 * @returns the program to start instead of the command; `null` on Windows, which has no script(1)
 */
export function inPseudoTerminal(
  command: readonly string[],
  { os, hasTerminal, shell }: PseudoTerminalOptions,
): Invocation | null {
  if (os === "windows") return null;
  // BSD script(1), which macOS also has, takes the command's arguments unchanged and exits with the command's
  // status by default.
  if (os !== "linux" && os !== "android") return { program: "script", args: ["-q", "/dev/null", ...command] };
  // script(1) passes the command line to $SHELL, which for service accounts is often /usr/sbin/nologin.
  const restored = shell === undefined ? "" : `SHELL=${shellQuote(shell)}; export SHELL; `;
  const line = `${restored}${hasTerminal ? "" : SET_UP}exec ${command.map(shellQuote).join(" ")}`;
  return { program: "script", args: ["-qefc", line, "/dev/null"], env: { SHELL: "/bin/sh" } };
}

/** Quotes a word for the shell if necessary. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
