/**
 * Reads the side rows of an unfinished task from the columns of a database.
 *
 * @module
 */

import { PROGRESS_HISTORY, type SideValue, SUBTASK_SUMS, VALUES } from "../side_tables.ts";
import type { OpenedTask } from "../store.ts";

/**
 * Returns a task that had not ended when the store was opened.
 *
 * @param client the client of the task
 * @param id the task's id
 * @param columns the sums over its subtasks, its progress, and its values over time; `null` for each that is not stored
 */
export function openedTask(client: string, id: string, columns: readonly SideValue[]): OpenedTask {
  const [sums = null, points = null, values = null] = columns;
  return {
    client,
    id,
    progress: points === null ? [] : PROGRESS_HISTORY.fromRow([points]),
    ...(values !== null && { values: VALUES.fromRow([values]) }),
    ...(sums !== null && { subtasks: SUBTASK_SUMS.fromRow([sums]) }),
  };
}
