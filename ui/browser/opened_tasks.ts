/**
 * Remembers in this browser which failures were opened, so that a failure that the user has looked at no longer needs
 * attention.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

const KEY = "taskscope-opened";
/** The maximum number of failures to remember; the oldest are forgotten. */
const MAX_OPENED = 500;

/**
 * Returns the key of a failure among the opened ones. The time is part of the key, because a later task may reuse the
 * id.
 */
export function failureKey({ id, finished_at }: Pick<Task, "id" | "finished_at">): string {
  return `${id}@${finished_at}`;
}

/** Remembers that failed tasks were opened. */
export function rememberOpened(client: string, failed: readonly Task[]): void {
  const all = [...new Set([...read(), ...failed.map((task) => `${client}/${failureKey(task)}`)])];
  try {
    localStorage.setItem(KEY, JSON.stringify(all.slice(-MAX_OPENED)));
  } catch {
    // Without storage, failures that were opened stay among the tasks that need attention until they are too old.
  }
}

/** Returns the keys of the opened failures of a client. */
export function openedFailures(client: string): ReadonlySet<string> {
  const start = `${client}/`;
  return new Set(read().filter((each) => each.startsWith(start)).map((each) => each.slice(start.length)));
}

/** Calls a function when another tab opens a failed task, or when the page is shown again. */
export function whenOpened(changed: () => void): void {
  addEventListener("storage", ({ key }) => key === KEY && changed());
  addEventListener("pageshow", ({ persisted }) => persisted && changed());
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.map(String) : [];
  } catch {
    return [];
  }
}
