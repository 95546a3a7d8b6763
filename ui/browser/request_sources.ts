/**
 * The sources of updates that use plain HTTP requests: server-sent events, and polling.
 *
 * @module
 */

import { readChanges, readMessage, readTaskList, type ServerMessage } from "../../lib/task/wire.ts";
import { EventFeed } from "./event_feed.ts";
import {
  after,
  type Subscription,
  type SubscriptionCallbacks,
  type SubscriptionEnd,
  type UpdateSource,
} from "./update_sources.ts";

const REFUSED_STATUS: ReadonlySet<number> = new Set([401, 403]);
/**
 * The content type of a refusal that this server itself sends. A refusal by a proxy has another content type, and only
 * means that this source is blocked.
 */
const OUR_REFUSAL = "application/problem+json";

/** The response status if the watcher already knows the final state of the task. */
export const NOTHING_MORE = 204;
/** The delay before the stream of an ended task is reopened, in milliseconds. */
export const ASK_AGAIN_MS = 500;
/** The time between two polls, in milliseconds. */
const POLL_MS = 3_000;
/** The timeout for response headers, in milliseconds. */
const ANSWER_MS = 10_000;
/**
 * Receives updates as server-sent events. Uses `fetch`, because `EventSource` hides keep-alives and the
 * status of a refusal.
 *
 * @param url the URL without a query, such as `/events/tasks/default`
 * @param isOfTask whether the stream is about a single task; such a stream ends after the task's final state
 */
export function eventSource(url: string, isOfTask = false): UpdateSource {
  return {
    name: "events",
    open(cursor, callbacks) {
      let position = cursor;
      return openRequests(callbacks, async function follow(requests) {
        const response = await requests.get(`${url}?${after(position)}`, "text/event-stream");
        const feed = new EventFeed(position, callbacks);
        if (isOfTask && response.status === NOTHING_MORE) {
          // The task has ended, so there will be no more events.
          callbacks.onActivity();
          return feed.tellCurrent();
        }
        if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
          return requests.end(response);
        }
        try {
          await readText(response, (text) => {
            if (!requests.isEnded) feed.push(text);
          });
        } finally {
          feed.close();
        }
        position = feed.position;
        if (isOfTask) requests.later(ASK_AGAIN_MS, () => requests.run(follow));
        else requests.end();
      });
    },
  };
}

/** Reads the body of a response as text, to its end. */
export async function readText(response: Response, receive: (text: string) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    receive(value);
  }
}

/**
 * Receives updates by polling the REST API.
 *
 * @param url the URL of the tasks, such as `/tasks/default`
 * @param readyUrl the URL of the readiness check, such as `/readyz`
 * @param intervalMs the time between two polls, in milliseconds
 */
export function pollingSource(url: string, readyUrl: string, intervalMs: number = POLL_MS): UpdateSource {
  return {
    name: "polling",
    open: (cursor, callbacks) => {
      let position = cursor;
      let degradation: string | null | undefined;
      return openRequests(callbacks, async function poll(requests) {
        let response = await requests.get(`${url}?${after(position)}`);
        const isGone = response.status === 410;
        if (isGone) {
          await response.body?.cancel();
          response = await requests.get(url);
        }
        if (!response.ok) return requests.end(response);
        const answer: unknown = await response.json();
        const detail = await readDegradation(await requests.get(readyUrl));
        if (requests.isEnded) return;
        callbacks.onActivity();
        const message: ServerMessage = isGone
          ? { type: "initial_state", ...readTaskList(answer) }
          : { type: "task_update", ...readChanges(answer) };
        position = message.cursor ?? position;
        callbacks.onMessage(message);
        if (detail !== degradation) callbacks.onMessage({ type: "degraded", detail });
        degradation = detail;
        requests.later(intervalMs, () => requests.run(poll));
      });
    },
  };
}

async function readDegradation(response: Response): Promise<string | null> {
  const message = readMessage(JSON.stringify({ ...await response.json(), type: "degraded" }));
  return response.ok || message.type !== "degraded" ? null : message.detail;
}

/** A subscription that consists of HTTP requests: one at a time, with a timer between them. */
class Requests implements Subscription {
  readonly callbacks: SubscriptionCallbacks;
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(callbacks: SubscriptionCallbacks) {
    this.callbacks = callbacks;
  }

  get isEnded(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Runs an asynchronous function; any error ends the subscription. */
  run(work: (requests: this) => Promise<void>): void {
    work(this).catch(() => this.end());
  }

  /** Sends a GET request. The timeout covers the headers only, because the body may be an endless stream. */
  async get(url: string, accept = "application/json"): Promise<Response> {
    const timer = setTimeout(() => this.end(), ANSWER_MS);
    try {
      return await fetch(url, { headers: { accept }, cache: "no-store", signal: this.#abort.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  later(milliseconds: number, then: () => void): void {
    this.forget();
    this.#timer = setTimeout(then, milliseconds);
  }

  /** Cancels the scheduled function, if there is one. */
  forget(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the subscription and calls `onEnd`. */
  end(response?: Response): void {
    if (this.isEnded) return;
    this.close();
    this.callbacks.onEnd(response === undefined ? "lost" : endOf(response));
  }

  close(): void {
    this.forget();
    this.#abort.abort();
  }

  /** Does nothing: an event stream has keep-alives, and each poll is a request. */
  ping(): void {}
}

function openRequests(
  callbacks: SubscriptionCallbacks,
  work: (requests: Requests) => Promise<void>,
): Subscription {
  const requests = new Requests(callbacks);
  requests.run(work);
  return requests;
}

/** Returns why a subscription ends whose request got an error, from the server itself or from a proxy. */
export function endOf({ status, headers }: Pick<Response, "status" | "headers">): SubscriptionEnd {
  return headers.get("content-type")?.startsWith(OUR_REFUSAL) === true ? endWith(status) : "lost";
}

/** Returns why a subscription ends to which the server itself responded with a status. */
export function endWith(status: number): SubscriptionEnd {
  return REFUSED_STATUS.has(status) ? "refused" : status === 404 ? "not_found" : "lost";
}
