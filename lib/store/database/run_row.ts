/**
 * Creates the row with the summary of an ended task.
 *
 * @module
 */

import type { TaskSummary } from "../../task/task.ts";
import { storable } from "./storable.ts";

/** The row with the summary of a task that has ended. */
export type RunRow = readonly [
  place: number,
  name: string,
  state: string,
  createdAt: number,
  startedAt: number | null,
  updatedAt: number,
  finishedAt: number | null,
  progress: number | null,
  parentId: string | null,
  retryOf: string | null,
];

/**
 * Returns the row of a task.
 *
 * @param place the task's place in the order of creation
 * @param run the summary of the task
 */
export function runRow(place: number, run: TaskSummary): RunRow {
  const { name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } = run;
  return [
    place,
    storable(name),
    state,
    created_at,
    started_at,
    updated_at,
    finished_at,
    progress,
    parent_id,
    retry_of,
  ];
}
