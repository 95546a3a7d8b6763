/**
 * Detects tasks without a sign of life: stale ones and lost ones. Pure.
 *
 * @module
 */

import type { Task, TaskChange } from "../task/task.ts";

/** The bounds on how long a task may give no sign of life. */
export interface SilenceLimits {
  /** How long a reporter in another process may be away before its tasks are stale, in milliseconds. */
  readonly reporterAwayMs: number;
  /** How long a task may be stale before it counts as lost, in milliseconds. */
  readonly lostAfterMs: number;
}

/**
 * Decides whether a task becomes stale or lost.
 *
 * @param task the task's record
 * @param disconnectedAt when its reporter disconnected, in epoch seconds; `null` if it did not
 * @param at the time, in epoch seconds
 * @param limits the bounds
 * @returns the change to apply, or `null`
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
