/**
 * Keeps tasks from being their own ancestors.
 *
 * @module
 */

import type { TaskIndexReader } from "../store/store.ts";

/** The maximum number of ancestors of a task, so that every loop over ancestors ends. */
export const MAX_ANCESTORS = 10_000;

/**
 * Returns the parent that a task can have: the given parent, unless the task is one of the parent's ancestors, or the
 * parent has too many ancestors. The parent need not exist: it may be reported later, or may have been removed.
 *
 * @param index the tasks
 * @param client the client token
 * @param id the id of the task
 * @param parentId the id of the parent that was reported; `null` if there is none
 * @returns the id of the parent; `null` if the task has none
 */
export function possibleParent(
  index: Pick<TaskIndexReader, "get">,
  client: string,
  id: string,
  parentId: string | null,
): string | null {
  let ancestor = parentId;
  for (let height = 0; ancestor !== null; height++) {
    if (ancestor === id || height === MAX_ANCESTORS) return null;
    ancestor = index.get(client, ancestor)?.summary.parent_id ?? null;
  }
  return parentId;
}
