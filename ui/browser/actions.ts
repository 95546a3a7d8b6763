/**
 * Calls the REST interface for what people do on the page.
 *
 * @module
 */

import type { BulkAnswer } from "./bulk.ts";
import { clientPageUrl, taskPageUrl, taskUrl } from "../shared/links.ts";
import { type ListQuery, listSearch } from "../shared/list_query.ts";
import type { SliceBounds, TaskSlice } from "../shared/list_slice.ts";
import type { PageFrame } from "../shared/model.ts";
import type { BulkAction, PageActions } from "../shared/view.ts";
import { readLogPage, readProblem, readStartedId } from "../../lib/task/wire.ts";

/**
 * The actions of a page in the browser.
 *
 * @param frame names the client
 * @returns the actions; each rejects with an error whose message is for people
 */
export function createActions(frame: PageFrame): PageActions {
  return {
    async cancel(id) {
      await call("POST", `${taskUrl(frame, id)}/cancel`);
    },
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
 * Asks for a part of a client's list.
 *
 * @param frame names the client
 * @param query which list
 * @param bounds which part of it
 * @param signal gives up
 * @returns the part
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
 * Sends a form of the page.
 *
 * @param form the form
 * @returns the answer
 */
export async function sendForm(form: HTMLFormElement): Promise<unknown> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  return await send(form.action, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

/**
 * Does something to many tasks.
 *
 * @param frame names the client
 * @param action what to do
 * @param ids to which tasks
 * @returns what became of each
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

/** Longest wait for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

async function call(method: string, url: string): Promise<unknown> {
  return await send(url, { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

async function send(url: string, init: RequestInit): Promise<unknown> {
  const headers = { accept: "application/json", ...init.headers as Record<string, string> };
  const response = await fetch(url, { ...init, headers }).catch((cause) => {
    throw new Error("The server can not be reached; nothing was changed", { cause });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Error(readProblem(answer, response.status));
  return answer;
}

async function copyText(text: string): Promise<void> {
  // Only pages from https or this machine have a clipboard.
  if (navigator.clipboard !== undefined) return await navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("The browser does not let pages copy here");
}
