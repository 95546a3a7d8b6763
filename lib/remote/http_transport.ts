/**
 * Reports over plain HTTP, where sockets are blocked.
 *
 * @module
 */

import { unrefTimer } from "../environment.ts";
import { Deadline } from "../timeout.ts";
import { object, parseJson } from "../task/protocol.ts";
import { keyHeaders } from "./credentials.ts";
import type { Refusal, RemoteAddress, Transport, TransportEvents } from "./remote_transport.ts";
import { parseReply, REPORT_PATH, type ReportReply, writeBatch } from "./messages.ts";

/** How long the first answer may take, in milliseconds: it says whether there is anybody. */
const CONNECT_TIMEOUT_MS = 5_000;
/** How long an answer may take, in milliseconds; longer than a server takes that can't commit at once. */
const ANSWER_TIMEOUT_MS = 20_000;
/** How often the server is asked whether it has something to say, in milliseconds: a request to stop is to arrive soon. */
const POLL_INTERVAL_MS = 500;

/** Requests to the server, one at a time; some of them empty, to hear what it has to say. */
export class HttpTransport implements Transport {
  readonly window = 1;
  readonly #address: RemoteAddress;
  readonly #events: TransportEvents;
  readonly #controller: AbortController = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;
  #isBusy = false;
  #next: string | null = null;

  /**
   * @param address where to, and who
   * @param events what becomes of it; it opens when the server has answered for the first time
   */
  constructor(address: RemoteAddress, events: TransportEvents) {
    this.#address = address;
    this.#events = events;
    void this.#request(writeBatch(0, []));
  }

  get #isClosed(): boolean {
    return this.#controller.signal.aborted;
  }

  send(text: string): void {
    if (this.#isBusy) this.#next = text;
    else void this.#request(text);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async #request(text: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const timeoutMs = this.#isOpen ? ANSWER_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    const answer = await postBatch(this.#address, text, timeoutMs, this.#controller.signal);
    if (this.#isClosed) return;
    if (answer.type !== "replies") {
      this.close();
      return answer.type === "down" ? this.#events.onClose() : this.#events.onRefused(answer);
    }
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#events.onOpen();
    }
    // What is sent meanwhile waits until all that was answered is known.
    for (const reply of answer.replies) if (!this.#isClosed) this.#events.onReply(reply);
    this.#isBusy = false;
    if (this.#isClosed) return;
    const next = this.#next;
    this.#next = null;
    if (next !== null) return void this.#request(next);
    this.#timer = unrefTimer(
      setTimeout(() => void this.#request(writeBatch(0, [])), POLL_INTERVAL_MS),
    );
  }
}

/** What came of a request. */
type BatchAnswer =
  | { readonly type: "replies"; readonly replies: readonly ReportReply[] }
  /** There is no use in asking again. */
  | { readonly type: "refused" } & Refusal
  /** Nobody answers, or not at present. */
  | { readonly type: "down" };

/** Answers after which the same request may succeed later, beside those that say so by their first digit. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
/** Answers that begin like those, of a server that can't do such a thing at all. */
const PERMANENT_STATUSES: ReadonlySet<number> = new Set([501, 505]);

const DOWN: BatchAnswer = { type: "down" };
const FOREIGN: BatchAnswer = { type: "refused", reason: "it is no Taskscope", isFromServer: false };

/** Sends a batch over plain HTTP. Never rejects. */
async function postBatch(
  address: RemoteAddress,
  text: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<BatchAnswer> {
  const { server, reporter } = address;
  const deadline = new Deadline(signal, timeoutMs);
  try {
    const response = await fetch(`${server}/${REPORT_PATH}?reporter=${reporter}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...keyHeaders(address.key) },
      body: text,
      signal: deadline.signal,
    });
    return answerOf(response.status, await response.text());
  } catch {
    if (deadline.signal.aborted || !await isBlockedByCors(server, deadline.signal)) return DOWN;
    const reason = `pages of ${location.origin} may not report there; --allow-origin adds one`;
    return { type: "refused", reason, isFromServer: false };
  } finally {
    deadline.clear();
  }
}

function answerOf(status: number, body: string): BatchAnswer {
  if (status >= 200 && status < 300) return repliesIn(body);
  if ((status >= 500 && !PERMANENT_STATUSES.has(status)) || TRANSIENT_STATUSES.has(status)) return DOWN;
  const detail = problemIn(body);
  return { type: "refused", reason: detail ?? `it answers ${status}`, isFromServer: detail !== null };
}

/** What a server of ours says is wrong; `null` where it is another one. */
function problemIn(body: string): string | null {
  try {
    const { code, detail } = object(parseJson(body), "problem");
    return typeof code === "string" && typeof detail === "string" ? detail : null;
  } catch {
    return null;
  }
}

function repliesIn(body: string): BatchAnswer {
  try {
    const { replies } = object(parseJson(body), "answer");
    return Array.isArray(replies) ? { type: "replies", replies: replies.map(parseReply) } : FOREIGN;
  } catch {
    return FOREIGN;
  }
}

/**
 * Whether somebody is there, and the browser lets this page not speak to them. It does not tell the two apart, as a page
 * is not to find out who is there: but it says whether there was an answer that it keeps to itself.
 */
async function isBlockedByCors(server: string, signal: AbortSignal): Promise<boolean> {
  if (typeof Deno !== "undefined" || typeof location === "undefined") return false;
  if (new URL(server).origin === location.origin) return false;
  try {
    await fetch(`${server}/healthz`, { mode: "no-cors", cache: "no-store", signal });
    return true;
  } catch {
    return false;
  }
}
