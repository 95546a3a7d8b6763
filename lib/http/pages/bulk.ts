/**
 * What the list's page does to many tasks at once: `POST /t/{client}?do=remove` with the field `id` for each of them.
 *
 * @module
 */

import type { Access } from "../../access/grant.ts";
import { type HandlerContext, retryTask, storedTask } from "../context.ts";
import { MAX_PAGE_SIZE } from "../../task/task_query.ts";
import { Problem, problemOf } from "../problem.ts";
import { paramsOf } from "../route.ts";

/** What can be done to many tasks, and what has to be allowed for it. */
const ACTIONS: ReadonlyMap<string, Access["action"]> = new Map([
  ["cancel", "cancel"],
  ["retry", "start"],
  ["remove", "remove"],
  ["restore", "remove"],
]);

/** What became of each task. */
export interface BulkResult {
  readonly done: readonly string[];
  /** Why not, for the others. */
  readonly failed: readonly { readonly id: string; readonly detail: string }[];
}

/** What a request must be allowed to do with many tasks. */
export function bulkAccess(request: Request): Access["action"] {
  const access = ACTIONS.get(paramsOf(request).get("do") ?? "");
  if (access !== undefined) return access;
  throw new Problem("bad_action", `Say what to do: ?do= and one of ${[...ACTIONS.keys()].join(", ")}`);
}

/**
 * Does something to many tasks. What can't be done to one is left, and the others go on.
 *
 * @param context where the tasks are
 * @param client whose tasks
 * @param action what to do
 * @param ids to which tasks
 * @returns what became of each, once it is committed
 * @throws {StorageError} where it can't be committed
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
      `Cannot change ${ids.length} tasks: wanted at most ${MAX_PAGE_SIZE} at once`,
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
  await context.registry.committed();
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
      if (finished_at !== null) throw new Problem("task_ended", "It has ended already");
      registry.requestCancel(client, id);
      break;
    }
    case "retry":
      await retryTask(context, client, id);
      break;
    case "remove":
      storedTask(context, client, id);
      if (!registry.remove(client, id)) throw new Problem("task_active", "It has not ended");
      break;
    case "restore":
      registry.restore(client, id);
  }
}
