/**
 * Defines what is kept of a past run longer than its record.
 *
 * @module
 */

import type { Task } from "./task.ts";

/** The fields of a record that are kept of a past run longer than the record. */
export type RunSummary = Pick<
  Task,
  "id" | "name" | "state" | "created_at" | "started_at" | "finished_at"
>;

/** Returns a copy of the fields of a record that are kept of a past run. */
export function runSummaryOf(run: RunSummary): RunSummary {
  const { id, name, state, created_at, started_at, finished_at } = run;
  return { id, name, state, created_at, started_at, finished_at };
}
