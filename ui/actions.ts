/**
 * Calls the REST interface for what people do on the page.
 *
 * @module
 */

import { startUrl, taskPageUrl, taskUrl } from "./links.ts";
import type { PageFrame } from "./model.ts";
import type { PageActions } from "./view.ts";
import { readLogPage, readProblem, readStartedId } from "../lib/wire.ts";

/**
 * The actions of a page in the browser.
 *
 * @param frame names the client
 * @returns the actions; each rejects with an error whose message is for people
 */
export function createActions(frame: PageFrame): PageActions {
  return {
    async start(name, args) {
      const body = await call("POST", startUrl(frame, name), JSON.stringify({ args }));
      const id = readStartedId(body);
      if (id === null) throw new Error("The server took the task, but did not say its id");
      return id;
    },
    async cancel(id) {
      await call("POST", `${taskUrl(frame, id)}/cancel`);
    },
    async remove(id) {
      await call("DELETE", taskUrl(frame, id));
      // The row goes, and with it the button that has the focus: leave it where the next row is near.
      document.getElementById("ended-title")?.focus({ preventScroll: true });
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

/** Longest wait for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;

async function call(method: string, url: string, body?: string): Promise<unknown> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) };
  const withBody = body === undefined
    ? init
    : { ...init, body, headers: { "content-type": "application/json" } };
  const response = await fetch(url, withBody).catch((cause) => {
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
