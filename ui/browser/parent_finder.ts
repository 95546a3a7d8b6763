/**
 * Asks the server whether the parents of subtasks in a list exist.
 *
 * @module
 */

import type { Parent } from "../shared/nesting.ts";
import type { LiveClientPage } from "./client_state.ts";

/**
 * Looks up every parent of which a list does not know whether it exists. All parents that are unknown at the same time
 * are in one request.
 *
 * @param page the state of the list page
 * @param ask sends the request; returns the parents that exist
 */
export function findParents(
  page: Pick<LiveClientPage, "unknownParents" | "resolveParent">,
  ask: (ids: readonly string[]) => Promise<readonly Parent[]>,
): void {
  let isBusy = false;
  async function next(): Promise<void> {
    const ids = page.unknownParents.peek();
    if (isBusy || ids.length === 0) return;
    isBusy = true;
    // If the server does not respond, the subtasks are listed alone.
    const parents = await ask(ids).catch(() => []);
    for (const id of ids) page.resolveParent(id, parents.find((each) => each.id === id) ?? null);
    isBusy = false;
    void next();
  }
  page.unknownParents.subscribe(() => void next());
}
