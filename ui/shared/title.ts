/**
 * The document titles, shown in the browser's tab.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { formatCount, formatPercent } from "../../lib/text/format.ts";

/** The title of a list page: the number of active tasks. */
export function clientTitle(active: number): string {
  return active > 0 ? `${formatCount(active)} active · Taskscope` : "Taskscope";
}

/** The title of a task page: progress or outcome, then the name. */
export function taskTitle(task: Task): string {
  const progress = task.active && task.progress !== null ? `${formatPercent(task.progress)} · ` : "";
  const sign = task.state === "FINISHED" ? "✓ " : task.state === "ERROR" ? "✗ " : "";
  return `${progress}${sign}${task.name} · Taskscope`;
}
