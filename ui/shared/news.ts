/**
 * What the page says of itself and of the server: that it was cut off, that it is back, what it missed. Pure.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

import { countNoun } from "../../lib/text/format.ts";

/** What a server that was lost says first when it is found again. */
export interface Return {
  /** The tasks that changed meanwhile, or all of them. */
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
  /** Whether what changed meanwhile could not be told, and everything was sent anew. */
  readonly isAnew: boolean;
  /** Whether the server had said, before it was lost, that it was about to end. */
  readonly wasClosing: boolean;
}

/** The type of the error of tasks that ended because the server did. */
const INTERRUPTED = "interrupted";
/** The clock of the page may be ahead of the server's by so much, in seconds. */
const CLOCK_TOLERANCE = 3;

/** What is said while the server ends. */
export const CLOSING_WORDS = "The server is shutting down.";
/** What is said when the connection is lost. */
export const LOST_WORDS = "The connection is lost. Trying again.";
/** What is said when the server can store again. */
export const STORED_WORDS = "Changes are stored again.";

/** Says that nothing can be stored. */
export function sayTrouble(detail: string): string {
  return `Changes can't be stored at present: ${detail}. ` +
    "What runs goes on; it is stored as soon as that is over.";
}

/**
 * Says that the page is live again, and what it missed. Of a restart it speaks only where something shows that there
 * was one: the server said that it was about to end, or a task ended because it did.
 *
 * @param back what the server said first
 * @param since until when the page was current, in epoch seconds on the server's clock
 * @param id the task that the page is about; `null` where it is about all of a client
 * @returns sentences
 */
export function sayReturn(back: Return, since: number, id: string | null): string {
  const interrupted = back.tasks.filter((task) => wasInterrupted(task, since));
  const wasRestarted = back.wasClosing || interrupted.length > 0;
  if (back.isAnew) {
    return wasRestarted
      ? "Live again. The server was restarted, and the page began anew."
      : "Live again. What changed meanwhile can't be told, so the page began anew.";
  }
  const changed = id === null ? sayChanged(back, interrupted.length) : sayTaskChanged(back, interrupted, id);
  return wasRestarted
    ? `Live again. The server was restarted; ${changed}.`
    : `Live again. ${changed.charAt(0).toUpperCase()}${changed.slice(1)}.`;
}

function sayChanged({ tasks, removed }: Return, interrupted: number): string {
  const { size } = new Set([...tasks.map((task) => task.id), ...removed]);
  if (size === 0) return "nothing changed meanwhile";
  const changed = `${countNoun(size, "task")} changed meanwhile`;
  if (interrupted === 0) return changed;
  return `${changed}, ${interrupted} ${interrupted === 1 ? "was" : "were"} interrupted`;
}

function sayTaskChanged({ tasks, removed }: Return, interrupted: readonly Task[], id: string): string {
  const isIt = (task: Task) => task.id === id;
  if (interrupted.some(isIt)) return "this task was interrupted";
  if (tasks.some(isIt)) return "this task changed meanwhile";
  return removed.includes(id) ? "this task was removed meanwhile" : "this task did not change meanwhile";
}

function wasInterrupted(task: Task, since: number): boolean {
  return task.error?.type === INTERRUPTED && (task.finished_at ?? 0) >= since - CLOCK_TOLERANCE;
}
