/**
 * Defines the program's exit statuses, and which of them each final state of a task leads to.
 *
 * @module
 */

import type { Task } from "../task/task.ts";

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

/** Returns the exit status for the final state of a watched task. */
export function exitStatusOf({ state }: Task): number {
  return state === "FINISHED" ? EXIT.ok : state === "CANCELLED" ? EXIT.cancelled : EXIT.failed;
}
