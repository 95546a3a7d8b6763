/**
 * Builds the texts about the connection and the server's storage: lost, restored, shutting down, degraded.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

import { countNoun } from "../../lib/text/format.ts";

/** The changes that the first message after a reconnect contains. */
export interface Reconnection {
  /** The tasks that changed while disconnected, or all tasks if {@linkcode Reconnection.isFullState} is set. */
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
  /** Whether the server sent all tasks, because it no longer had all changes after the page's cursor. */
  readonly isFullState: boolean;
  /** Whether the server had announced its shutdown before the connection was lost. */
  readonly wasClosing: boolean;
}

/** The error type of tasks that were running in the server's process when it ended. */
const INTERRUPTED = "interrupted";
/** The tolerated difference between the clocks of the page and the server, in seconds. */
const CLOCK_TOLERANCE = 3;

/** The text that is shown while the server shuts down. */
export const CLOSING_TEXT = "The server is shutting down.";
/** The text that is announced when the connection is lost. */
export const LOST_TEXT = "Connection lost. Reconnecting.";
/** The text that is announced when the server can store changes again. */
export const SAVED_TEXT = "Changes are being saved again.";

/** Builds the text that is shown while the server is degraded, which means that it cannot store changes. */
export function degradedText(detail: string): string {
  return `Changes can't be saved at the moment: ${detail}. ` +
    "Running tasks continue, and their changes are saved as soon as this is resolved.";
}

/**
 * Builds the text that is announced after a reconnect, with the changes that the page missed. The text
 * mentions a restart only if there is evidence of one: the server had announced its shutdown, or a task was
 * interrupted.
 *
 * @param back the first message after the reconnect
 * @param when the connection was lost, in epoch seconds of the server's clock
 * @param id the id of the page's task; `null` on a list page
 * @returns one or more sentences
 */
export function reconnectedText(back: Reconnection, since: number, id: string | null): string {
  const interrupted = back.tasks.filter((task) => wasInterrupted(task, since));
  const wasRestarted = back.wasClosing || interrupted.length > 0;
  if (back.isFullState) {
    return wasRestarted
      ? "Reconnected. The server was restarted; the page has been refreshed."
      : "Reconnected. The page has been refreshed; the changes in between are not available.";
  }
  const changed = id === null ? changesText(back, interrupted.length) : taskChangeText(back, interrupted, id);
  return wasRestarted
    ? `Reconnected. The server was restarted; ${changed}.`
    : `Reconnected. ${changed.charAt(0).toUpperCase()}${changed.slice(1)}.`;
}

function changesText({ tasks, removed }: Reconnection, interrupted: number): string {
  const { size } = new Set([...tasks.map((task) => task.id), ...removed]);
  if (size === 0) return "nothing changed in the meantime";
  const changed = `${countNoun(size, "task")} changed in the meantime`;
  if (interrupted === 0) return changed;
  return `${changed}, ${interrupted} ${interrupted === 1 ? "was" : "were"} interrupted`;
}

function taskChangeText({ tasks, removed }: Reconnection, interrupted: readonly Task[], id: string): string {
  const isIt = (task: Task) => task.id === id;
  if (interrupted.some(isIt)) return "this task was interrupted";
  if (tasks.some(isIt)) return "this task changed in the meantime";
  return removed.includes(id)
    ? "this task was removed in the meantime"
    : "this task did not change in the meantime";
}

function wasInterrupted(task: Task, since: number): boolean {
  return task.error?.type === INTERRUPTED && (task.finished_at ?? 0) >= since - CLOCK_TOLERANCE;
}
