/**
 * Computes statistics about the runs of each task name.
 *
 * @module
 */

import { quantile } from "./quantile.ts";
import { isFinal, type TaskState, type TaskSummary } from "./task.ts";

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
}

/** The statistics of the runs of one name. */
export interface RunStats {
  readonly name: string;
  /** The number of ended runs. */
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

/**
 * Computes the statistics of each name.
 *
 * @param tasks the tasks, oldest first
 * @returns the statistics, sorted by name
 */
export function runStats(tasks: Iterable<TaskSummary>): RunStats[] {
  const byName = new Map<string, TaskSummary[]>();
  for (const task of tasks) {
    const known = byName.get(task.name);
    if (known === undefined) byName.set(task.name, [task]);
    else known.push(task);
  }
  return [...byName].sort(([one], [other]) => one < other ? -1 : 1).map(([name, tasks]) =>
    statsOf(name, tasks)
  );
}

function statsOf(name: string, tasks: readonly TaskSummary[]): RunStats {
  const ended = tasks.filter(({ state }) => isFinal(state)).reverse();
  const finished = ended.filter(({ state }) => state === "FINISHED");
  const failures = ended.filter(({ state }) => state === "ERROR").length;
  const durations = finished.map(durationOf).filter((duration) => duration !== null).sort((a, b) => a - b);
  const decided = finished.length + failures;
  return {
    name,
    runs: ended.length,
    active: tasks.length - ended.length,
    failure_rate: decided === 0 ? null : failures / decided,
    median: durations.length === 0 ? null : rounded(quantile(durations, 0.5)),
    p95: durations.length === 0 ? null : rounded(quantile(durations, 0.95)),
    last: ended.sort((a, b) => (b.finished_at ?? 0) - (a.finished_at ?? 0)).slice(0, LAST_RUNS).map(pastRun),
  };
}

function pastRun(task: TaskSummary): PastRun {
  const { id, state, finished_at } = task;
  return { id, state, duration: durationOf(task), finished_at };
}

function durationOf({ started_at, finished_at }: TaskSummary): number | null {
  return started_at === null || finished_at === null ? null : rounded(Math.max(0, finished_at - started_at));
}

/**
 * Rounds a duration to milliseconds, because further digits of a difference of epoch seconds are
 * floating-point noise.
 */
function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
