/**
 * Defines the order and the status text of tasks, which are the same on the page and in the terminal.
 *
 * @module
 */

import { isFinal, type Task, type TaskSummary } from "./task.ts";
import { stateWords } from "./state_words.ts";

/** Returns whether a task has ended, even if this version does not know its state. */
export function hasEnded(task: Pick<Task, "state" | "finished_at">): boolean {
  return isFinal(task.state) || task.finished_at !== null;
}

/**
 * Compares two tasks by their places in a list: unfinished tasks come first, sorted by creation, then ended tasks,
 * sorted by end; in both groups, the newest come first.
 */
export function comparePlace(left: TaskSummary, right: TaskSummary): number {
  const leftEnded = hasEnded(left);
  if (leftEnded !== hasEnded(right)) return leftEnded ? 1 : -1;
  const time = (task: TaskSummary) => leftEnded ? task.finished_at ?? task.updated_at : task.created_at;
  return time(right) - time(left) || (right.id > left.id ? 1 : right.id < left.id ? -1 : 0);
}

/** Returns the name of a task, or its id if the name has no visible character. */
export function nameWords({ name, id }: Pick<Task, "name" | "id">): string {
  const words = String(name);
  return /[^\p{C}\p{Z}\p{M}]/u.test(words) ? words : id;
}

/** Returns the status that the reporter has set; `""` if the status only repeats the state and the error. */
export function statusWords(task: Task): string {
  const status = String(task.status);
  const own = stateWords(task.state, task.error) ?? "";
  return status.toLowerCase() === own.toLowerCase() ? "" : status;
}
