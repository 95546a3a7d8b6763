/**
 * Places the subtasks of a task on one time axis.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { formatDuration } from "../../lib/text/format.ts";

/** The maximum number of subtasks on the axis. */
export const MAX_TIMED_SUBTASKS = 100;

/** A subtask, and its level: 0 for a direct subtask. */
export interface PlacedTask {
  readonly task: Task;
  readonly level: number;
}

/** The time axis: the times of its ends, in epoch seconds. */
export interface TimeAxis {
  readonly start: number;
  readonly end: number;
}

/** The place of a bar on the axis, in percent of its length. */
export interface Span {
  readonly from: number;
  readonly length: number;
}

/** Returns the shortest axis that has all tasks; its length is never 0. */
export function timeAxis(tasks: readonly Task[], now: number): TimeAxis {
  const start = Math.min(...tasks.map((task) => task.started_at ?? task.created_at));
  const end = Math.max(...tasks.map((task) => endOf(task, now)));
  return { start, end: Math.max(end, start + 1e-3) };
}

/** Returns the place of a task on the axis; `null` if it has not started. */
export function spanOf(task: Task, { start, end }: TimeAxis, now: number): Span | null {
  if (task.started_at === null) return null;
  const percent = (at: number) => Math.min(100, Math.max(0, (at - start) / (end - start) * 100));
  const from = percent(task.started_at);
  return { from, length: percent(endOf(task, now)) - from };
}

/** Builds the text that says when a task ran, relative to the start of the axis: `started after 4s, took 1m 10s`. */
export function spanText(task: Task, { start }: TimeAxis, now: number): string {
  if (task.started_at === null) return "not started";
  const took = formatDuration(Math.max(0, endOf(task, now) - task.started_at));
  const after = formatDuration(Math.max(0, task.started_at - start));
  return `started after ${after}, ${task.finished_at === null ? `running for ${took}` : `took ${took}`}`;
}

/** Returns when a task ended; the current time if it has not ended. */
function endOf({ started_at, created_at, finished_at }: Task, now: number): number {
  return finished_at ?? Math.max(now, started_at ?? created_at);
}
