/**
 * What can be said of tasks of one name together. Pure.
 *
 * @module
 */

import { quantile } from "./quantile.ts";
import { isFinal, type TaskState, type TaskSummary } from "./task.ts";

/** Runs that are told one by one. */
const LAST_RUNS = 20;

/** A run that has ended. */
export interface PastRun {
  readonly id: string;
  readonly state: TaskState;
  /** Seconds from its start to its end; `null` where it never started. */
  readonly duration: number | null;
  /** When it ended, in epoch seconds. */
  readonly finished_at: number | null;
}

/** The tasks of one name. */
export interface RunStats {
  readonly name: string;
  /** How many have ended. */
  readonly runs: number;
  /** How many have not. */
  readonly active: number;
  /** From 0 to 1: how many of those that ended by themselves failed. `null` where none did. */
  readonly failure_rate: number | null;
  /** How long half of those took at most that finished, in seconds; `null` where none did. */
  readonly median: number | null;
  /** How long 95 % of them took at most. */
  readonly p95: number | null;
  /** The last ones that ended, the latest first. */
  readonly last: readonly PastRun[];
}

/**
 * Counts tasks by their names.
 *
 * @param tasks the tasks, oldest first
 * @returns each name once, in alphabetical order
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

/** Milliseconds: of a difference between times in seconds since the epoch, the digits behind them mean nothing. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
