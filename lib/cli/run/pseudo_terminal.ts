/**
 * A terminal of its own for a command, by way of script(1).
 *
 * @module
 */

/** A program and what it is called with. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables that it gets beside our own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What there is to know of the place where a command runs. */
export interface TerminalOptions {
  readonly os: typeof Deno.build.os;
  /** Whether stdin is a terminal; its size is taken over then. */
  readonly hasTerminal: boolean;
  /** What `SHELL` says. */
  readonly shell: string | undefined;
}

/** What a terminal is like that nobody sees: it has a size, and does not repeat what it is given. */
const UNSEEN_TERMINAL = "stty cols 80 rows 24 -echo 2>/dev/null; ";

/**
 * Makes a command line that gives a command a terminal.
 *
 * @param command the command
 * @param options where it runs
 * @returns what to run in its place; `null` where that can't be had
 */
export function inPseudoTerminal(
  command: readonly string[],
  { os, hasTerminal, shell }: TerminalOptions,
): CommandLine | null {
  if (os === "windows") return null;
  // Of the BSDs: takes the arguments as they are, and ends with the command's own status anyway.
  if (os !== "linux" && os !== "android") return { program: "script", args: ["-q", "/dev/null", ...command] };
  // script(1) hands the line to $SHELL, which on accounts of services is a program that refuses everything.
  const restored = shell === undefined ? "" : `SHELL=${quoted(shell)}; export SHELL; `;
  const line = `${restored}${hasTerminal ? "" : UNSEEN_TERMINAL}exec ${command.map(quoted).join(" ")}`;
  return { program: "script", args: ["-qefc", line, "/dev/null"], env: { SHELL: "/bin/sh" } };
}

/** A word as the shell takes it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
