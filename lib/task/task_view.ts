/**
 * What every view of tasks agrees on, be it a page or a terminal: which of them have ended, in which order they stand, what
 * their own words are. Pure.
 *
 * @module
 */

import { isFinal, stateWords, type Task, type TaskSummary } from "./task.ts";

/** Whether a task has ended, also where its state is one that this version does not know. */
export function hasEnded(task: Pick<Task, "state" | "finished_at">): boolean {
  return isFinal(task.state) || task.finished_at !== null;
}

/** Puts tasks into the order in which they are shown: those that have not ended first, each part newest first. */
export function comparePlace(left: TaskSummary, right: TaskSummary): number {
  const leftEnded = hasEnded(left);
  if (leftEnded !== hasEnded(right)) return leftEnded ? 1 : -1;
  const time = (task: TaskSummary) => leftEnded ? task.finished_at ?? task.updated_at : task.created_at;
  return time(right) - time(left) || (right.id > left.id ? 1 : right.id < left.id ? -1 : 0);
}

/** A task's own words, where they say more than its state and its error do. */
export function statusWords(task: Task): string {
  const status = String(task.status);
  const own = stateWords(task.state, task.error) ?? "";
  return status.toLowerCase() === own.toLowerCase() ? "" : status;
}
