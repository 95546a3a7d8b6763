/**
 * Builds the document titles, which the browser shows in the page's tab.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { formatCount, formatPercent } from "../../lib/text/format.ts";

/** Builds the title of a list page, which has the number of active tasks. */
export function clientTitle(active: number): string {
  return active > 0 ? `${formatCount(active)} active · Taskscope` : "Taskscope";
}

/** Builds the title of a task page: the progress or the outcome, then the name. */
export function taskTitle(task: Task): string {
  const progress = task.active && task.progress !== null ? `${formatPercent(task.progress)} · ` : "";
  const sign = task.state === "FINISHED" ? "✓ " : task.state === "ERROR" ? "✗ " : "";
  return `${progress}${sign}${task.name} · Taskscope`;
}
