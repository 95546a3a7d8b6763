/**
 * The syntax, exit statuses and errors of commands.
 *
 * @module
 */

import type { Task } from "../task/task.ts";
import type { FlagTable } from "./flags.ts";

/** The program's exit statuses. */
export const EXIT = {
  /** The command succeeded; if it watched a task, the task finished. */
  ok: 0,
  /** The command failed, or the task that it watched failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The task that the command watched was cancelled. */
  cancelled: 3,
  /** The task does not exist, or the server cannot be reached or refused the request. */
  missing: 4,
  /** The command timed out; `timeout(1)` exits with the same status. */
  timeout: 124,
  /** The command was ended by Ctrl-C: 128 + the number of SIGINT, as shells report it. */
  interrupted: 130,
} as const;

/** A command's syntax, from which its arguments are parsed and its help is made. */
export interface CommandSyntax {
  /** The text of the usage line after the program's name, such as `wait <id> [flags]`. */
  readonly usage: string;
  /** What the command does; blank lines separate paragraphs. */
  readonly description: string;
  readonly flags: FlagTable;
  /** What each exit status means. */
  readonly exitStatuses: Readonly<Record<string, string>>;
  /** Command lines that show typical uses. */
  readonly examples: readonly string[];
}

/** A command that failed although its command line is valid. */
export class CommandError extends Error {
  /** The name of the class. */
  override readonly name = "CommandError";
  /** The exit status. */
  readonly status: number;

  /**
   * Creates an error.
   *
   * @param status the exit status, one of {@linkcode EXIT}
   * @param message what failed and why, in one line
   * @param options the cause
   */
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Returns the exit status for the final state of a watched task. */
export function exitStatusOf({ state }: Task): number {
  return state === "FINISHED" ? EXIT.ok : state === "CANCELLED" ? EXIT.cancelled : EXIT.failed;
}

/** Returns the message of a thrown value, to show to the user. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
