/**
 * The sources of updates, best first: WebSocket, server-sent events, and polling. All deliver the same
 * messages.
 *
 * @module
 */

import type { UpdateSourceName } from "../shared/view.ts";
import { readChanges, readMessage, readTaskList, type ServerMessage } from "../../lib/task/wire.ts";
import { EventReader } from "./event_reader.ts";

/**
 * Why a subscription ended: the connection was lost, access was refused, or the task or client was not found.
 */
export type SubscriptionEnd = "lost" | "refused" | "not_found";

/**
 * The callbacks of a subscription. None of them is called before `open` has returned or after the
 * subscription has ended.
 */
export interface SubscriptionCallbacks {
  /**
   * Called whenever data arrives from the server. The first call shows that this source reaches the server.
   */
  readonly onActivity: () => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** Called when the subscription has ended, except by {@linkcode Subscription.close}. */
  readonly onEnd: (why: SubscriptionEnd) => void;
}

/** An open subscription. */
export interface Subscription {
  /** Ends the subscription without a callback. */
  close(): void;
}

/** A source of updates. */
export interface UpdateSource {
  readonly name: UpdateSourceName;
  /**
   * Opens a subscription, which first delivers the changes since a cursor.
   *
   * @param cursor the cursor of the page's state
   * @param callbacks receive the messages and the end of the subscription
   * @returns the open subscription
   */
  open(cursor: string, callbacks: SubscriptionCallbacks): Subscription;
}

/** The WebSocket close codes for a watcher that has no access, or has lost it. */
const REFUSED_CODES: ReadonlySet<number> = new Set([1008, 4401, 4403]);
const NOT_FOUND_CODE = 4404;
const REFUSED_STATUS: ReadonlySet<number> = new Set([401, 403]);
/**
 * The content type of a refusal that the server itself sent. A proxy's refusal has another content type, and
 * means only that this source is blocked.
 */
const OUR_REFUSAL = "application/problem+json";

/** The response status for a watcher that already knows the final state of a task. */
const NOTHING_MORE = 204;
/** The delay before reopening a stream that ended, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** The time between two polls, in milliseconds. */
const POLL_MS = 3_000;
/** The timeout for response headers, in milliseconds. */
const ANSWER_MS = 10_000;
/**
 * If no event arrives for this long after an event stream was opened, in milliseconds, no changes were
 * missed.
 */
const MISSED_MS = 300;

/**
 * Receives updates over a WebSocket.
 *
 * @param url the URL without a query, such as `ws://host/ws/tasks/default`
 */
export function socketSource(url: string): UpdateSource {
  return {
    name: "socket",
    open: (cursor, callbacks) => openSocket(`${url}?mode=delta&${after(cursor)}`, callbacks),
  };
}

function openSocket(url: string, { onActivity, onMessage, onEnd }: SubscriptionCallbacks): Subscription {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    // The constructor throws if WebSockets are forbidden, for example by a content security policy.
    const timer = setTimeout(() => onEnd("lost"));
    return { close: () => clearTimeout(timer) };
  }
  const close = () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState < WebSocket.CLOSING) socket.close();
  };
  socket.onopen = onActivity;
  socket.onmessage = ({ data }) => {
    onActivity();
    const message = readOrNull(() => readMessage(String(data)));
    if (message !== null) return onMessage(message);
    // A message that cannot be parsed would leave a gap: reconnect with the old cursor to receive it again.
    close();
    onEnd("lost");
  };
  socket.onclose = ({ code }) => {
    onEnd(REFUSED_CODES.has(code) ? "refused" : code === NOT_FOUND_CODE ? "not_found" : "lost");
  };
  // An error event is always followed by a close event, which has the code.
  socket.onerror = (event) => event.preventDefault();
  return { close };
}

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
      const { onActivity, onMessage } = callbacks;
      const tracked: SubscriptionCallbacks = {
        ...callbacks,
        onMessage(message) {
          if ("cursor" in message) position = message.cursor ?? position;
          onMessage(message);
        },
      };
      return openRequests(tracked, async function follow(requests) {
        const response = await requests.get(`${url}?${after(position)}`, "text/event-stream");
        if (isOfTask && response.status === NOTHING_MORE) {
          // The task has ended, so there will be no more events.
          onActivity();
          onMessage({ type: "task_update", cursor: position, tasks: [], removed: [] });
          return;
        }
        if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
          return requests.end(response);
        }
        await readEvents(response, position, requests);
        if (isOfTask) requests.later(ASK_AGAIN_MS, () => requests.run(follow));
        else requests.end();
      });
    },
  };
}

/** Reads a stream of server-sent events to its end. */
async function readEvents(response: Response, cursor: string, requests: Requests): Promise<void> {
  const { onActivity, onMessage } = requests.callbacks;
  const events = new EventReader();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let isFirst = true;; isFirst = false) {
    const { value, done } = await reader.read();
    if (done || requests.isEnded) return;
    onActivity();
    // The stream starts with the missed changes; if there are none, it starts without any event.
    if (isFirst) {
      requests.later(MISSED_MS, () => onMessage({ type: "task_update", cursor, tasks: [], removed: [] }));
    }
    for (const message of events.push(value)) {
      if (message.type === "task_update" || message.type === "initial_state") requests.forget();
      onMessage(message);
    }
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
    const isRefused = REFUSED_STATUS.has(response?.status ?? 0) &&
      response?.headers.get("content-type")?.startsWith(OUR_REFUSAL);
    this.callbacks.onEnd(isRefused ? "refused" : "lost");
  }

  close(): void {
    this.forget();
    this.#abort.abort();
  }
}

function openRequests(
  callbacks: SubscriptionCallbacks,
  work: (requests: Requests) => Promise<void>,
): Subscription {
  const requests = new Requests(callbacks);
  requests.run(work);
  return requests;
}

function after(cursor: string): string {
  return `after=${encodeURIComponent(cursor)}`;
}

/** Calls a function, and returns `null` if it throws a `SyntaxError`. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return null;
  }
}
