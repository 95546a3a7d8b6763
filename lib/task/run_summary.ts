/**
 * Defines the summary of a past run, which is kept longer than its record.
 *
 * @module
 */

import type { Task } from "./task.ts";

/** The summary of a past run: the fields of its record that are kept after the record was removed. */
export type RunSummary = Pick<
  Task,
  "id" | "name" | "state" | "created_at" | "started_at" | "finished_at"
>;

/** Returns the summary of a run, as a new object. */
export function runSummaryOf(run: RunSummary): RunSummary {
  const { id, name, state, created_at, started_at, finished_at } = run;
  return { id, name, state, created_at, started_at, finished_at };
}
