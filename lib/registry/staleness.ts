/**
 * Detects tasks that have given no sign of life for too long, and so become stale or lost.
 *
 * @module
 */

import type { Task, TaskChange } from "../task/task.ts";

/** The limits on how long a task may give no sign of life. */
export interface StalenessLimits {
  /**
   * How long a reporter in another process may be disconnected before its tasks become stale, in
   * milliseconds.
   */
  readonly reporterAwayMs: number;
  /** How long a task may be stale before it counts as lost, in milliseconds. */
  readonly lostAfterMs: number;
}

/** When a task last gave a sign of life, by the monotonic clock: the wall clock may be set at any time. */
export interface SignsOfLife {
  /** When the last change was made that shows that the task is alive. */
  readonly heardMs: number;
  /** When the task's reporter disconnected; `null` if it is not disconnected. */
  readonly disconnectedMs: number | null;
  /** When the task became stale, or was adopted as stale. Of no meaning if the task is not stale. */
  readonly staleMs: number;
}

/**
 * Decides whether a task becomes stale or lost, or is no longer stale. A task is stale if it has not reported for its
 * `stale_after`, even if its reporter is connected, or if its reporter was disconnected for too long.
 *
 * @param task the task's record
 * @param signs when the task last gave a sign of life
 * @param nowMs the current time, by the monotonic clock
 * @param limits how long a task may give no sign of life
 * @returns the change that sets or clears the mark, or ends the task as lost; `null` if nothing changes
 */
export function stalenessChange(
  task: Task,
  { heardMs, disconnectedMs, staleMs }: SignsOfLife,
  nowMs: number,
  limits: StalenessLimits,
): TaskChange | null {
  const unheardMs = nowMs - heardMs;
  const isTooLong = task.stale_after !== null && unheardMs > task.stale_after * 1_000;
  if (!task.stale) {
    const isDisconnected = disconnectedMs !== null && nowMs - disconnectedMs > limits.reporterAwayMs;
    return isTooLong || isDisconnected ? { type: "stale" } : null;
  }
  if (!isTooLong && disconnectedMs === null) return { type: "reconnected" };
  // The time since the last sign of life may be far longer: a task that promised no reports may have been silent for
  // days before it became stale, and a server that was down for days may have missed reports.
  if (nowMs - staleMs < limits.lostAfterMs) return null;
  const message = `Nothing was heard of the task for ${Math.round(unheardMs / 1_000)} seconds`;
  return { type: "fail", error: { type: "lost", message } };
}
