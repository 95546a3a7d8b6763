/**
 * Computes statistics about the past runs of a task name.
 *
 * @module
 */

import { quantile } from "./quantile.ts";
import type { RunSummary } from "./run_summary.ts";
import type { TaskState } from "./task.ts";

/** The number of recent runs in the statistics of a name. */
const LAST_RUNS = 20;

/** An ended run. */
export interface PastRun {
  readonly id: string;
  readonly state: TaskState;
  /** The time from the start to the end of the run, in seconds; `null` if the run never started. */
  readonly duration: number | null;
  /** When the run ended, in epoch seconds. */
  readonly finished_at: number | null;
  /** Whether the record of the task is still kept. */
  readonly kept: boolean;
}

/** The statistics of the runs of one name. */
export interface RunStats {
  readonly name: string;
  /** The number of past runs. */
  readonly runs: number;
  /** The number of unfinished runs. */
  readonly active: number;
  /** The share of failures among finished and failed runs, 0 to 1; `null` if there are none. */
  readonly failure_rate: number | null;
  /** The median duration of finished runs, in seconds; `null` if there are none. */
  readonly median: number | null;
  /** The 95th percentile of the durations of finished runs, in seconds; `null` if there are none. */
  readonly p95: number | null;
  /** The most recently ended runs, newest first. */
  readonly last: readonly PastRun[];
}

/** The runs of one name, from which its statistics are computed. */
export interface NamedRuns {
  readonly name: string;
  /** The past runs, latest end first. */
  readonly runs: readonly RunSummary[];
  /** The number of unfinished runs. */
  readonly active: number;
}

/**
 * Computes the statistics of a name.
 *
 * @param named the runs of the name
 * @param isKept returns whether the record of a past run is still kept
 */
export function runStats({ name, runs, active }: NamedRuns, isKept: (run: RunSummary) => boolean): RunStats {
  const finished = runs.filter(({ state }) => state === "FINISHED");
  const failures = runs.filter(({ state }) => state === "ERROR").length;
  const durations = finished.map(durationOf).filter((duration) => duration !== null).sort((a, b) => a - b);
  const decided = finished.length + failures;
  return {
    name,
    runs: runs.length,
    active,
    failure_rate: decided === 0 ? null : failures / decided,
    median: durations.length === 0 ? null : rounded(quantile(durations, 0.5)),
    p95: durations.length === 0 ? null : rounded(quantile(durations, 0.95)),
    last: runs.slice(0, LAST_RUNS).map((run) => {
      const { id, state, finished_at } = run;
      return { id, state, duration: durationOf(run), finished_at, kept: isKept(run) };
    }),
  };
}

/** Returns the time from the start to the end of a run, in seconds; `null` if the run never started. */
export function durationOf({ started_at, finished_at }: RunSummary): number | null {
  return started_at === null || finished_at === null ? null : rounded(Math.max(0, finished_at - started_at));
}

/**
 * Rounds a duration to milliseconds, because further digits of a difference of epoch seconds are
 * floating-point noise.
 */
function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
