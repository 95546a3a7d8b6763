/**
 * Compares a run with the usual duration of its name.
 *
 * @module
 */

import type { Task } from "../task/task.ts";
import { elapsedSeconds, formatDuration } from "./format.ts";

/** Less than this share of the expected duration is not worth a word. */
const LEAST_SHARE = 0.05;

/**
 * Returns where a run should be by now if it took as long as usual, in percent; `null` if it has ended, or its
 * expected duration is unknown.
 *
 * @param task the record
 * @param now the current time, in epoch seconds
 */
export function expectedProgress(task: Task, now: number): number | null {
  const elapsed = elapsedSeconds(task, now);
  const { expected_duration: expected, active } = task;
  return !active || expected === null || elapsed === null ? null : Math.min(100, elapsed / expected * 100);
}

/**
 * Says how a run compares with the usual duration of its name: `12m behind usual`, `3m ahead of usual`,
 * `12m longer than usual`; returns `""` if that is not known, or the run neither ended successfully nor runs.
 *
 * @param task the record
 * @param now the current time, in epoch seconds
 */
export function paceText(task: Task, now: number): string {
  const elapsed = elapsedSeconds(task, now);
  const { expected_duration: expected, active, state, progress } = task;
  if (expected === null || elapsed === null || (!active && state !== "FINISHED")) return "";
  // Without progress, a run is late only once it takes longer than usual.
  const due = !active || (progress === null && elapsed > expected)
    ? expected
    : progress === null
    ? null
    : expected * progress / 100;
  if (due === null) return `usually ${formatDuration(expected)}`;
  const late = elapsed - due;
  if (Math.abs(late) < LEAST_SHARE * expected) return "as usual";
  const [more, less] = due === expected ? ["longer than", "shorter than"] : ["behind", "ahead of"];
  return `${formatDuration(Math.abs(late))} ${late > 0 ? more : less} usual`;
}
