/**
 * The titles of documents: what a tab shows while its page is hidden. Pure.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { formatCount, formatPercent } from "../../lib/text/format.ts";

/** The title of a client's page: how many of its tasks are active. */
export function clientTitle(active: number): string {
  return active > 0 ? `${formatCount(active)} active · Taskscope` : "Taskscope";
}

/** The title of a task's page: how far it is, or how it ended, before its name. */
export function taskTitle(task: Task): string {
  const progress = task.active && task.progress !== null ? `${formatPercent(task.progress)} · ` : "";
  const sign = task.state === "FINISHED" ? "✓ " : task.state === "ERROR" ? "✗ " : "";
  return `${progress}${sign}${task.name} · Taskscope`;
}
