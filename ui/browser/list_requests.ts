/**
 * The requests of the list page: slices of the list, and actions on many tasks.
 *
 * @module
 */

import type { BulkAnswer } from "./bulk_changer.ts";
import { clientPageUrl } from "../shared/links.ts";
import { type ListQuery, listSearch } from "../shared/list_query.ts";
import type { SliceBounds, TaskSlice } from "../shared/list_slice.ts";
import type { PageFrame } from "../shared/model.ts";
import type { BulkAction } from "../shared/view.ts";
import { ANSWER_TIMEOUT_MS, send, UNREADABLE } from "./requests.ts";

/**
 * Fetches a slice of a client's list.
 *
 * @param frame the data of the page: the requests use its base path and its client
 * @param query the filters and the order of the list
 * @param bounds the offset and the length of the slice
 * @param signal aborts the request
 * @returns the slice and the totals of the list
 */
export async function fetchSlice(
  frame: PageFrame,
  query: ListQuery,
  { from, limit, isBrief = false, parents = [] }: SliceBounds,
  signal: AbortSignal,
): Promise<TaskSlice> {
  const bounds = new URLSearchParams([["from", String(from)], ["limit", String(limit)]]);
  if (isBrief) bounds.set("brief", "1");
  for (const id of parents) bounds.append("parent", id);
  const url = `${clientPageUrl(frame)}${listSearch(query) || "?"}&${bounds}`;
  const answer = await send(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  return answer as TaskSlice;
}

/**
 * Performs an action on many tasks.
 *
 * @param frame the data of the page: the requests use its base path and its client
 * @param action the action to perform
 * @param ids the ids of the tasks
 * @returns the ids of the tasks for which the action succeeded, and for each other task the reason it failed
 */
export async function changeMany(
  frame: PageFrame,
  action: BulkAction,
  ids: readonly string[],
): Promise<BulkAnswer> {
  const body = new URLSearchParams(ids.map((id) => ["id", id]));
  const init = { method: "POST", body, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) };
  const answer = await send(`${clientPageUrl(frame)}?do=${action}`, init) as Partial<BulkAnswer> | null;
  const { done, failed } = answer ?? {};
  if (done === undefined || failed === undefined) throw new Error(UNREADABLE);
  return { done, failed };
}
