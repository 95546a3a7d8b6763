/**
 * Decides which tasks need attention, and why.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { Summarised } from "../../lib/task/apply_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";

/** Why a task needs attention: the most urgent reason. */
export type Concern = "failed" | "stale" | "stalled" | "slow";

/** The duration in seconds beyond which a run is slower than usual, for one task name. */
export interface SlowLimit {
  readonly name: string;
  readonly seconds: number;
}

/**
 * The tasks that need attention, as far as the server can know: it does not know which failures the user has opened.
 */
export interface Attention {
  /**
   * The tasks: at most {@linkcode MAX_FAILURES} failed ones, which the user may have opened already, and at most
   * {@linkcode MAX_ATTENTION} others.
   */
  readonly tasks: readonly Task[];
  /**
   * For each name of an unfinished task with enough past runs, the duration beyond which a run is slower than usual.
   */
  readonly limits: readonly SlowLimit[];
}

/** How long a failure needs attention, in seconds. */
export const FAILURE_SECONDS = 3_600;
/** The maximum number of tasks in the section "Needs attention". */
export const MAX_ATTENTION = 50;
/**
 * The maximum number of failures that the server sends. It is more than a page shows, because the page leaves out those
 * that the user has opened.
 */
export const MAX_FAILURES = 200;
/** The maximum number of names for which a page has a limit. */
const MAX_NAMES = 200;
/** The maximum number of newest successful runs that a limit is calculated from, and the minimum number. */
const LAST_RUNS = 20;
const MIN_RUNS = 3;
/**
 * A run is slower than usual if it takes longer than the longest of these runs, by this factor and by this many
 * seconds.
 */
const SLOW_FACTOR = 1.1;
const SLOW_SECONDS = 2;
const URGENCY: readonly Concern[] = ["failed", "stale", "stalled", "slow"];

/**
 * Returns why a task needs attention; `null` if it does not.
 *
 * @param task the task
 * @param now the current time in epoch seconds
 * @param limit the limit for the task's name, if it is known
 */
export function concernOf(task: Task, now: number, limit: SlowLimit | undefined): Concern | null {
  if (hasEnded(task)) {
    return task.state === "ERROR" && now - (task.finished_at ?? 0) < FAILURE_SECONDS ? "failed" : null;
  }
  if (task.stale) return "stale";
  if (task.eta_reason === "stalled") return "stalled";
  return task.started_at !== null && limit !== undefined && now - task.started_at > limit.seconds
    ? "slow"
    : null;
}

/** Compares two tasks that need attention by urgency; if two are equally urgent, the newer one comes first. */
export function compareConcerns(
  [left, leftConcern]: readonly [Task, Concern],
  [right, rightConcern]: readonly [Task, Concern],
): number {
  const time = (task: Task) => task.finished_at ?? task.created_at;
  return URGENCY.indexOf(leftConcern) - URGENCY.indexOf(rightConcern) || time(right) - time(left) ||
    (left.id < right.id ? -1 : 1);
}

/** The tasks of a client that may need attention, and the limits that decide whether they do. */
export interface Candidates<Listed> {
  /** The unfinished tasks, and the newest failures that were not retried. */
  readonly tasks: readonly Listed[];
  readonly limits: ReadonlyMap<string, SlowLimit>;
}

/**
 * Finds the tasks of a client that may need attention.
 *
 * @param all all tasks of the client, oldest first
 * @param now the current time in epoch seconds
 */
export function candidatesOf<Listed extends Summarised>(
  all: Iterable<Listed>,
  now: number,
): Candidates<Listed> {
  const durations = new Map<string, number[]>();
  const unfinished: Listed[] = [];
  const failed: Listed[] = [];
  const retried = new Set<string>();
  for (const listed of all) {
    const { summary } = listed;
    if (summary.retry_of !== null) retried.add(summary.retry_of);
    if (!hasEnded(summary)) unfinished.push(listed);
    else if (summary.state === "FINISHED" && summary.started_at !== null && summary.finished_at !== null) {
      const known = durations.get(summary.name) ?? [];
      durations.set(summary.name, known);
      known.push(Math.max(0, summary.finished_at - summary.started_at));
    } else if (summary.state === "ERROR" && now - (summary.finished_at ?? 0) < FAILURE_SECONDS) {
      failed.push(listed);
    }
  }
  const limits = new Map<string, SlowLimit>();
  for (const { summary: { name } } of unfinished) {
    const runs = durations.get(name);
    if (limits.size === MAX_NAMES) break;
    if (runs !== undefined && runs.length >= MIN_RUNS && !limits.has(name)) {
      limits.set(name, limitOf(name, runs));
    }
  }
  const newest = failed.filter(({ summary }) => !retried.has(summary.id)).slice(-MAX_FAILURES);
  return { tasks: [...newest, ...unfinished], limits };
}

/**
 * Finds the tasks of a client that need attention. Failures that were retried need none.
 *
 * @param tasks the records of the {@linkcode Candidates}
 * @param limits their limits
 * @param now the current time in epoch seconds
 */
export function attentionOf(
  tasks: readonly Task[],
  limits: ReadonlyMap<string, SlowLimit>,
  now: number,
): Attention {
  const found: [Task, Concern][] = [];
  for (const task of tasks) {
    const concern = concernOf(task, now, limits.get(task.name));
    if (concern !== null) found.push([task, concern]);
  }
  found.sort(compareConcerns);
  const isFailure = ([, concern]: readonly [Task, Concern]) => concern === "failed";
  const others = found.filter((each) => !isFailure(each)).slice(0, MAX_ATTENTION);
  return {
    tasks: [...found.filter(isFailure), ...others].map(([task]) => task),
    limits: [...limits.values()],
  };
}

function limitOf(name: string, runs: readonly number[]): SlowLimit {
  const longest = Math.max(...runs.slice(-LAST_RUNS));
  return { name, seconds: Math.max(longest * SLOW_FACTOR, longest + SLOW_SECONDS) };
}
