/**
 * Calls the REST API for a page's buttons and forms.
 *
 * @module
 */

import type { BulkAnswer } from "./bulk_changer.ts";
import type { Cancellations } from "./cancellations.ts";
import { clientPageUrl, taskPageUrl, taskUrl } from "../shared/links.ts";
import { type ListQuery, listSearch } from "../shared/list_query.ts";
import type { SliceBounds, TaskSlice } from "../shared/list_slice.ts";
import type { PageFrame } from "../shared/model.ts";
import type { BulkAction, PageActions } from "../shared/view.ts";
import { readLogPage, readProblem, readStartedId } from "../../lib/task/wire.ts";

/**
 * Creates the actions that a page's buttons perform.
 *
 * @param frame the data of the page: the requests use its base path and its client
 * @param cancellations holds the cancellations back that can still be undone
 * @returns the actions; each of them rejects with an error whose message can be shown to the user
 */
export function createActions(frame: PageFrame, cancellations: Cancellations): PageActions {
  return {
    async cancel(id) {
      const ids = await cancellations.hold([id]);
      if (ids.length > 0) await call("POST", `${taskUrl(frame, id)}/cancel`);
    },
    held: cancellations.held,
    undoCancel: (id) => cancellations.undo([id]),
    async remove(id) {
      await call("DELETE", taskUrl(frame, id));
    },
    async restore(id) {
      await call("POST", `${taskUrl(frame, id)}/restore`);
    },
    async retry(id) {
      const next = readStartedId(await call("POST", `${taskUrl(frame, id)}/retry`));
      if (next !== null) location.assign(taskPageUrl(frame, next));
    },
    async logBefore(id, before, limit) {
      const url = `${taskUrl(frame, id)}/logs?before=${before}&limit=${limit}`;
      return readLogPage(await call("GET", url), before);
    },
    copy: copyText,
  };
}

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
  { from, limit }: SliceBounds,
  signal: AbortSignal,
): Promise<TaskSlice> {
  const search = listSearch(query);
  const url = `${clientPageUrl(frame)}${search}${search === "" ? "?" : "&"}from=${from}&limit=${limit}`;
  const answer = await send(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  return answer as TaskSlice;
}

/**
 * Submits a form with `fetch`.
 *
 * @param form the form, whose action is the URL of the request
 * @returns the parsed JSON response
 */
export async function sendForm(form: HTMLFormElement): Promise<unknown> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  return await send(form.action, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
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
  return await send(`${clientPageUrl(frame)}?do=${action}`, init) as BulkAnswer;
}

/** The maximum length of the body of a request that outlives the page, in characters. */
const MAX_KEEPALIVE = 60_000;
/** The timeout of a request, in milliseconds. */
const ANSWER_TIMEOUT_MS = 15_000;

async function call(method: string, url: string): Promise<unknown> {
  return await send(url, { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

async function send(url: string, init: RequestInit): Promise<unknown> {
  const headers = { accept: "application/json", ...init.headers as Record<string, string> };
  // The request outlives the page if the user leaves it; browsers allow that only for small bodies.
  const keepalive = init.method !== undefined && String(init.body ?? "").length < MAX_KEEPALIVE;
  const response = await fetch(url, { ...init, headers, keepalive }).catch((cause) => {
    throw new Error("Cannot reach the server; nothing was changed", { cause });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Error(readProblem(answer, response.status));
  return answer;
}

async function copyText(text: string): Promise<void> {
  // The Clipboard API exists only in secure contexts: https and localhost.
  if (navigator.clipboard !== undefined) return await navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("Cannot copy: the browser does not allow it here");
}
