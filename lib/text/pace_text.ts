/**
 * Compares the duration of a run with the usual duration of runs of the same name.
 *
 * @module
 */

import type { Task } from "../task/task.ts";
import { elapsedSeconds, formatDuration } from "./format.ts";

/**
 * The minimum deviation that is shown, as a share of the expected duration; below it, a run counts as usual.
 */
const LEAST_SHARE = 0.05;

/**
 * Returns the progress that a run would have by now if it took as long as usual, in percent; `null` if the
 * run has ended, or its expected duration is unknown.
 *
 * @param task the record
 * @param now the current time, in epoch seconds
 */
export function expectedProgress(task: Task, now: number): number | null {
  const elapsed = elapsedSeconds(task, now);
  const { expected_duration: expected, active } = task;
  return !active || expected === null || elapsed === null ? null : Math.min(100, elapsed / expected * 100);
}

/** How the duration of a run compares with the usual duration of runs of the same name. */
export interface Pace {
  /** `12m behind usual`, `3m ahead of usual`, `12m longer than usual`, `as usual`, or `usually 12m`. */
  readonly text: string;
  readonly isLate: boolean;
}

/**
 * Compares a run with the usual duration of runs of the same name; returns `null` if the usual duration is
 * unknown, or the run is neither active nor finished successfully.
 *
 * @param task the record
 * @param now the current time, in epoch seconds
 */
export function paceOf(task: Task, now: number): Pace | null {
  const elapsed = elapsedSeconds(task, now);
  const { expected_duration: expected, active, state, progress } = task;
  if (expected === null || elapsed === null || (!active && state !== "FINISHED")) return null;
  // If the progress of a run is unknown, the run is late only once it takes longer than usual.
  const due = !active || (progress === null && elapsed > expected)
    ? expected
    : progress === null
    ? null
    : expected * progress / 100;
  if (due === null) return { text: `usually ${formatDuration(expected)}`, isLate: false };
  const late = elapsed - due;
  if (Math.abs(late) < LEAST_SHARE * expected) return { text: "as usual", isLate: false };
  const isLate = late > 0;
  const [more, less] = due === expected ? ["longer than", "shorter than"] : ["behind", "ahead of"];
  return { text: `${formatDuration(Math.abs(late))} ${isLate ? more : less} usual`, isLate };
}
