/**
 * The syntax and the errors of commands.
 *
 * @module
 */

import type { FlagTable } from "./flags.ts";

/** A command's syntax: its arguments are parsed by it, and its help is made from it. */
export interface CommandSyntax {
  /** The text of the usage line after the program's name, such as `wait <id> [flags]`. */
  readonly usage: string;
  /** What the command does; blank lines separate paragraphs. */
  readonly description: string;
  readonly flags: FlagTable;
  /** Further information about the flags, which help prints after them. */
  readonly notes?: string;
  /** What each exit status means. */
  readonly exitStatuses: Readonly<Record<string, string>>;
  /** Command lines that show typical uses. */
  readonly examples: readonly string[];
  /**
   * What shells offer as completions of the operands: paths of files, a program and its arguments, the names of
   * commands, or the given words; by default nothing.
   */
  readonly operands?: "files" | "program" | "commands" | readonly string[];
  /** The commands below this one by name, such as `start` below `report`. */
  readonly subcommands?: Readonly<Record<string, Subcommand>>;
}

/** A command below another one. */
export interface Subcommand {
  /** What the subcommand does, in one line of the help of the command above it. */
  readonly help: string;
  readonly syntax: CommandSyntax;
}

/** A row of the table of commands. */
export interface Command {
  /** The short usage in the list of commands, such as `wait <id>`. */
  readonly usage: string;
  /** What the command does, in one line of the list of commands. */
  readonly help: string;
  /** Loads the syntax of the command. */
  readonly syntax: () => Promise<CommandSyntax>;
  /** Loads and runs the command, and resolves with the exit status. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** The commands by name, in the order of the help. */
export type CommandTable = Readonly<Record<string, Command>>;

/** A command that failed although its command line is valid. */
export class CommandError extends Error {
  /** The name of the class. */
  override readonly name = "CommandError";
  /** The exit status. */
  readonly status: number;

  /**
   * Creates an error.
   *
   * @param status the exit status, one of `EXIT`
   * @param message what failed and why, in one line
   * @param options the cause
   */
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * Matches the advice in Deno's message about a protected file, such as a file in /proc; users of the program can't
 * follow this advice.
 */
const DENO_ADVICE =
  /, (run again with the --allow-all flag|specify the required permissions during compilation .*)$/;

/** Returns the message of a thrown value, to show to the user. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(DENO_ADVICE, "");
}
