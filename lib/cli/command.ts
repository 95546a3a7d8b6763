/**
 * What the commands have in common: how they end.
 *
 * @module
 */

import type { Task } from "../task/task.ts";

/** The statuses that the program ends with. */
export const EXIT = {
  /** What was asked for is done; a task that was watched has finished. */
  ok: 0,
  /** It could not be done; a task that was watched has failed. */
  failed: 1,
  /** The program was called wrongly. */
  usage: 2,
  /** The task that was watched was cancelled. */
  cancelled: 3,
  /** There is no such task, or no server. */
  missing: 4,
  /** It took too long, as with `timeout(1)`. */
  timeout: 124,
  /** Ctrl-C, as shells say it. */
  interrupted: 130,
} as const;

/** A command that can't do what it was asked for, although it was called rightly. */
export class CommandError extends Error {
  /** The name of the class. */
  override readonly name = "CommandError";
  /** The status to end with. */
  readonly status: number;

  /**
   * Says what is the matter.
   *
   * @param status the status to end with, one of {@linkcode EXIT}
   * @param message what can't be done and why, in one line
   * @param options the cause
   */
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The status that tells how a task has ended. */
export function statusOfTask({ state }: Task): number {
  return state === "FINISHED" ? EXIT.ok : state === "CANCELLED" ? EXIT.cancelled : EXIT.failed;
}

/** What there is to say of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
