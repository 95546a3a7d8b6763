/**
 * Applies actions of the list page to many tasks at once: `POST /t/{client}?do=remove`, with a field `id` for
 * each task.
 *
 * @module
 */

import type { Access } from "../../access/grant.ts";
import { type HandlerContext, storedTask } from "../context.ts";
import { retryTask } from "../start_task.ts";
import { MAX_PAGE_SIZE } from "../../task/task_query.ts";
import { Problem, problemOf } from "../problem.ts";
import { paramsOf } from "../route.ts";

/** The bulk actions, and the access that each action needs. */
const ACTIONS: ReadonlyMap<string, Access["action"]> = new Map([
  ["cancel", "cancel"],
  ["retry", "start"],
  ["remove", "remove"],
  ["restore", "remove"],
]);

/** The outcome of a bulk action for each task. */
export interface BulkResult {
  readonly done: readonly string[];
  /** The tasks that were not changed, each with the reason. */
  readonly failed: readonly { readonly id: string; readonly detail: string }[];
}

/**
 * Returns the access that a bulk request needs.
 *
 * @throws {Problem} 400 if the request names no known action
 */
export function bulkAccess(request: Request): Access["action"] {
  const access = ACTIONS.get(paramsOf(request).get("do") ?? "");
  if (access !== undefined) return access;
  throw new Problem("bad_action", `The parameter "do" must be one of ${[...ACTIONS.keys()].join(", ")}`);
}

/**
 * Applies an action to many tasks. If the action fails for one task, the others are still changed.
 *
 * @param context the parts of the monitor to use
 * @param client the client token of the tasks
 * @param action the name of the action
 * @param ids the ids of the tasks
 * @returns the outcome for each task, once all changes are committed
 * @throws {Problem} 400 if there are too many tasks
 * @throws {StorageError} if the commit fails
 */
export async function changeMany(
  context: HandlerContext,
  client: string,
  action: string,
  ids: readonly string[],
): Promise<BulkResult> {
  if (ids.length > MAX_PAGE_SIZE) {
    throw new Problem(
      "too_many",
      `Cannot change ${ids.length} tasks: at most ${MAX_PAGE_SIZE} can be changed at once`,
    );
  }
  const done: string[] = [];
  const failed: { id: string; detail: string }[] = [];
  for (const id of new Set(ids)) {
    try {
      await changeOne(context, client, action, id);
      done.push(id);
    } catch (error) {
      failed.push({ id, detail: problemOf(error, context.reportError).message });
    }
  }
  await context.registry.committed(client);
  return { done, failed };
}

async function changeOne(
  context: HandlerContext,
  client: string,
  action: string,
  id: string,
): Promise<void> {
  const { registry } = context;
  switch (action) {
    case "cancel": {
      const { finished_at } = storedTask(context, client, id).summary;
      if (finished_at !== null) throw new Problem("task_ended", "The task has already ended");
      registry.requestCancel(client, id);
      break;
    }
    case "retry":
      await retryTask(context, client, id);
      break;
    case "remove":
      storedTask(context, client, id);
      if (!registry.remove(client, id)) throw new Problem("task_active", "The task has not ended");
      break;
    case "restore":
      await registry.restore(client, id);
  }
}
