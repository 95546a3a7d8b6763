/**
 * Reads the summary of a task from the columns of a database.
 *
 * @module
 */

import type { TaskSummary } from "../../task/task.ts";
import type { SideValue } from "../side_tables.ts";
import { intern } from "./intern.ts";
import { REPLACEMENT } from "./storable.ts";

/** The columns of a summary, in the order of {@linkcode SummaryRow}. */
export const SUMMARY_COLUMNS =
  "name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of";

/** The values of {@linkcode SUMMARY_COLUMNS}. */
export type SummaryRow = readonly SideValue[];

/**
 * Returns the summary of a task.
 *
 * @param id the task's id
 * @param row the columns
 * @param texts the interned names and states of all summaries
 * @returns the summary; `null` if the row has no name, or a name with a character that the database did not store
 */
export function summaryFrom(id: string, row: SummaryRow, texts: Map<string, string>): TaskSummary | null {
  const [name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of] = row;
  if (typeof name !== "string" || name.includes(REPLACEMENT)) return null;
  const summary: { readonly [Key in keyof TaskSummary]: unknown } = {
    id,
    name: intern(texts, name),
    state: intern(texts, String(state)),
    created_at,
    started_at,
    updated_at,
    finished_at,
    progress,
    parent_id,
    retry_of,
  };
  // The cast is safe, because the columns have the types of the record's fields, which the databases enforce.
  return summary as TaskSummary;
}
