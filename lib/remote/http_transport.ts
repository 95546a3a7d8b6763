/**
 * Sends reports over plain HTTP, for networks that block WebSockets.
 *
 * @module
 */

import { isNode, lacksEnvPermission, unrefTimer } from "../environment.ts";
import { Deadline } from "../timeout.ts";
import { parseJson } from "../task/protocol.ts";
import { object } from "../task/field_checks.ts";
import { connectionProblem } from "./connection_problem.ts";
import { keyHeaders } from "./credentials.ts";
import { redirectionOf } from "./redirection.ts";
import type { Refusal, RemoteAddress, Transport, TransportEvents } from "./remote_transport.ts";
import { parseReply, REPORT_PATH, type ReportReply, writeBatch } from "./messages.ts";

/**
 * The timeout of the first request, in milliseconds. The first request shows whether the server is reachable.
 */
const CONNECT_TIMEOUT_MS = 5_000;
/** The timeout of later requests, in milliseconds; longer than the server itself waits for a commit. */
const ANSWER_TIMEOUT_MS = 20_000;
/**
 * The interval at which the server is polled for commands, in milliseconds; short, so that a cancellation
 * takes effect soon.
 */
const POLL_INTERVAL_MS = 500;

/** Posts one batch at a time, and polls for commands with empty batches in between. */
export class HttpTransport implements Transport {
  readonly window = 1;
  readonly #address: RemoteAddress;
  readonly #events: TransportEvents;
  readonly #controller: AbortController = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;
  #isBusy = false;
  /** Sends the batch that waits for the end of the request in flight; `null` if none waits. */
  #next: (() => void) | null = null;

  /**
   * @param address the server, the key and the identity of the reporter
   * @param events the callbacks; `onOpen` is called with the first response
   */
  constructor(address: RemoteAddress, events: TransportEvents) {
    this.#address = address;
    this.#events = events;
    void this.#request(0, []);
  }

  get #isClosed(): boolean {
    return this.#controller.signal.aborted;
  }

  send(batch: number, reports: readonly string[]): void {
    const request = () => void this.#request(batch, reports);
    if (this.#isBusy) this.#next = request;
    else request();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async #request(batch: number, reports: readonly string[]): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const text = writeBatch(batch, reports, this.#address.reporter.secret);
    const timeoutMs = this.#isOpen ? ANSWER_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    const answer = await postBatch(this.#address, text, timeoutMs, this.#controller.signal);
    if (this.#isClosed) return;
    if (answer.type !== "replies") {
      this.close();
      if (answer.type === "refused") return this.#events.onRefused(answer);
      return this.#events.onClose(answer.type === "too_large");
    }
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#events.onOpen();
    }
    // `#isBusy` is still set, so batches that these callbacks send wait until all replies are handled.
    for (const reply of answer.replies) if (!this.#isClosed) this.#events.onReply(reply);
    this.#isBusy = false;
    if (this.#isClosed) return;
    const next = this.#next;
    this.#next = null;
    if (next !== null) return next();
    this.#timer = unrefTimer(
      setTimeout(() => void this.#request(0, []), POLL_INTERVAL_MS),
    );
  }
}

/** The outcome of a request that posts a batch. */
type BatchAnswer =
  | { readonly type: "replies"; readonly replies: readonly ReportReply[] }
  /** The server rejects all reports, so a retry would fail as well. */
  | { readonly type: "refused" } & Refusal
  /** The server, or a proxy, does not accept a batch of this size. */
  | { readonly type: "too_large" }
  /** The server is unreachable or temporarily unavailable. */
  | { readonly type: "down" };

/** Statuses below 500 after which a retry may succeed. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
/** Statuses of 500 and above after which no retry will succeed. */
const PERMANENT_STATUSES: ReadonlySet<number> = new Set([501, 505]);

const DOWN: BatchAnswer = { type: "down" };
const FOREIGN: BatchAnswer = { type: "refused", reason: "it is not a Taskscope server", isFromServer: false };

/** Posts a batch. Never rejects. */
async function postBatch(
  address: RemoteAddress,
  text: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<BatchAnswer> {
  const { server, reporter } = address;
  const deadline = new Deadline(signal, timeoutMs);
  try {
    const response = await fetch(`${server}/${REPORT_PATH}?reporter=${reporter.id}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...keyHeaders(address.key) },
      body: text,
      redirect: "manual",
      signal: deadline.signal,
    });
    const body = await response.text();
    return refusalOfRedirect(response) ?? answerOf(response.status, body);
  } catch (error) {
    const problem = connectionProblem(error);
    if (problem !== null) return { type: "refused", reason: problem, isFromServer: false };
    if (deadline.signal.aborted || !await isBlockedByCors(server, deadline.signal)) return DOWN;
    const reason = `pages of ${location.origin} may not report to it; allow them with --allow-origin`;
    return { type: "refused", reason, isFromServer: false };
  } finally {
    deadline.clear();
  }
}

/** Returns the refusal of a server that redirects; `null` if it does not. */
function refusalOfRedirect(response: Response): BatchAnswer | null {
  const redirection = redirectionOf(response, `/${REPORT_PATH}`);
  const isHidden = response.type === "opaqueredirect";
  if (redirection === null && !isHidden) return null;
  const address = redirection?.address ?? "another address";
  const advice = redirection?.isServer === true ? "; use that address" : "";
  return { type: "refused", reason: `it redirects to ${address}${advice}`, isFromServer: false };
}

function answerOf(status: number, body: string): BatchAnswer {
  if (status >= 200 && status < 300) return repliesIn(body);
  if ((status >= 500 && !PERMANENT_STATUSES.has(status)) || TRANSIENT_STATUSES.has(status)) return DOWN;
  if (status === 413) return { type: "too_large" };
  const detail = problemIn(body);
  return {
    type: "refused",
    reason: detail ?? `it responded with status ${status}`,
    isFromServer: detail !== null,
  };
}

/**
 * Returns the detail of a problem document of a Taskscope server; `null` if something other than a Taskscope
 * server responded.
 */
function problemIn(body: string): string | null {
  try {
    const { code, detail } = object(parseJson(body), "problem");
    if (typeof code !== "string" || typeof detail !== "string") return null;
    return code === "key_needed" ? `${detail}${keyHint()}` : detail;
  } catch {
    return null;
  }
}

/** Returns what the user has to do so that the program sends a key; `""` in a browser. */
function keyHint(): string {
  if (typeof Deno === "undefined" && !isNode()) return "";
  const permission = lacksEnvPermission("TASKSCOPE_KEY") ? ', and add "--allow-env=TASKSCOPE_*"' : "";
  return `; set TASKSCOPE_KEY${permission}`;
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
 * Returns whether the server responds but CORS hides the response from this page. A failed `fetch()` does not
 * reveal whether CORS is the cause, but an opaque `no-cors` request succeeds if any server responds.
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
