/**
 * Detects tasks that give no sign of life, and so become stale or lost.
 *
 * @module
 */

import type { Task, TaskChange } from "../task/task.ts";

/** The limits on how long a task may give no sign of life. */
export interface SilenceLimits {
  /**
   * How long a reporter in another process may be disconnected before its tasks become stale, in
   * milliseconds.
   */
  readonly reporterAwayMs: number;
  /** How long a task may be stale before it counts as lost, in milliseconds. */
  readonly lostAfterMs: number;
}

/**
 * Decides whether a task becomes stale or lost.
 *
 * @param task the task's record
 * @param disconnectedAt when the task's reporter disconnected, in epoch seconds; `null` if it is not
 * disconnected
 * @param at the current time, in epoch seconds
 * @param limits how long a task may give no sign of life
 * @returns the change that makes the task stale or lost; `null` if it is neither
 */
export function silenceChange(
  task: Task,
  disconnectedAt: number | null,
  at: number,
  limits: SilenceLimits,
): TaskChange | null {
  const silence = at - task.updated_at;
  if (!task.stale) {
    const isAway = disconnectedAt !== null && (at - disconnectedAt) * 1000 > limits.reporterAwayMs;
    const isSilent = task.stale_after !== null && silence > task.stale_after;
    return isSilent || isAway ? { type: "stale" } : null;
  }
  if ((silence - (task.stale_after ?? 0)) * 1000 <= limits.lostAfterMs) return null;
  const message = `Nothing was heard of the task for ${Math.round(silence)} seconds`;
  return { type: "fail", error: { type: "lost", message } };
}
