/**
 * The syntax, exit statuses and errors of commands.
 *
 * @module
 */

import type { Task } from "../task/task.ts";
import type { FlagTable } from "./flags.ts";

/** The program's exit statuses. */
export const EXIT = {
  /** The command succeeded; a task it watched finished. */
  ok: 0,
  /** The command failed; a task it watched failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The task it watched was cancelled. */
  cancelled: 3,
  /** No such task, or no server. */
  missing: 4,
  /** Timed out; the same status as `timeout(1)`. */
  timeout: 124,
  /** Ended by Ctrl-C: 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const;

/** A command's syntax: what its parser accepts and what its help says. */
export interface CommandSyntax {
  /** What follows the program's name: `wait <id> [flags]`. */
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

/** The exit status for the final state of a watched task. */
export function exitStatusOf({ state }: Task): number {
  return state === "FINISHED" ? EXIT.ok : state === "CANCELLED" ? EXIT.cancelled : EXIT.failed;
}

/** The message of a thrown value, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
