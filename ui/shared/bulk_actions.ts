/**
 * Decides which bulk actions the list offers.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { BulkAction } from "./view.ts";

/** Returns the actions that can change at least one of these tasks. */
export function possibleActions(tasks: Iterable<Task>): ReadonlySet<BulkAction> {
  const possible = new Set<BulkAction>();
  for (const task of tasks) {
    if (!hasEnded(task)) possible.add("cancel");
    else {
      possible.add("remove");
      if (task.retryable) possible.add("retry");
    }
    if (possible.size === 3) break;
  }
  return possible;
}
