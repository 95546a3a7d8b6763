/**
 * The ways by which a page hears of changes, best first: a socket, a stream of events, and asking again and again. All
 * of them tell the same messages.
 *
 * @module
 */

import type { TransportName } from "../shared/view.ts";
import { readChanges, readMessage, readTaskList, type ServerMessage } from "../../lib/task/wire.ts";
import { EventReader } from "./event_reader.ts";

/** Why a link has ended: it may come back, the server will not let it, or does not know what it is about. */
export type LinkEnd = "lost" | "refused" | "not_found";

/** Those who hear of a link. None is called before the link was given back, and none after its end. */
export interface LinkHooks {
  /** The server was heard. The first time says that there is a server at the other end. */
  readonly onSign: () => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** It has ended, but not because it was closed from here. */
  readonly onEnd: (why: LinkEnd) => void;
}

/** A connection to the server, or what stands for one. */
export interface Link {
  /** Ends it, without a word. */
  close(): void;
}

/** A way to connect. */
export interface Transport {
  readonly name: TransportName;
  /**
   * Begins a link, which first tells what changed after a cursor.
   *
   * @param cursor the position of what is known
   * @param hooks hear of it
   * @returns the link
   */
  open(cursor: string, hooks: LinkHooks): Link;
}

/** Closed because the watcher may not see this, or no longer. */
const REFUSED_CODES: ReadonlySet<number> = new Set([1008, 4401, 4403]);
const NOT_FOUND_CODE = 4404;
const REFUSED_STATUS: ReadonlySet<number> = new Set([401, 403]);
/** What our own server refuses in; what is between answers otherwise, and refuses the way alone. */
const OUR_REFUSAL = "application/problem+json";

/** The status of the answer to who knows the end of a task already. */
const NOTHING_MORE = 204;
/** Time until it is asked whether a stream that ended has ended for good, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** Time between two questions, in milliseconds. */
const POLL_MS = 3_000;
/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** An event stream that says nothing for so long after its beginning, in milliseconds, has nothing that was missed. */
const MISSED_MS = 300;

/**
 * A WebSocket.
 *
 * @param url its address without a query: `ws://host/ws/tasks/default`
 */
export function socketTransport(url: string): Transport {
  return { name: "socket", open: (cursor, hooks) => openSocket(`${url}?mode=delta&${after(cursor)}`, hooks) };
}

function openSocket(url: string, { onSign, onMessage, onEnd }: LinkHooks): Link {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    // Something in the browser forbids sockets outright.
    const timer = setTimeout(() => onEnd("lost"));
    return { close: () => clearTimeout(timer) };
  }
  const close = () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState < WebSocket.CLOSING) socket.close();
  };
  socket.onopen = onSign;
  socket.onmessage = ({ data }) => {
    onSign();
    const message = readOrNull(() => readMessage(String(data)));
    if (message !== null) return onMessage(message);
    // What could not be read is a gap: come back and ask for it again.
    close();
    onEnd("lost");
  };
  socket.onclose = ({ code }) => {
    onEnd(REFUSED_CODES.has(code) ? "refused" : code === NOT_FOUND_CODE ? "not_found" : "lost");
  };
  // An error is always followed by a close, which says more.
  socket.onerror = (event) => event.preventDefault();
  return { close };
}

/**
 * A stream of server-sent events. Read by hand: an `EventSource` hides whether anything comes through, and what the
 * server said where it did not let it.
 *
 * @param url its address without a query: `/events/tasks/default`
 * @param isOfTask whether it is that of one task, which ends behind the task's end
 */
export function eventsTransport(url: string, isOfTask = false): Transport {
  return {
    name: "events",
    open(cursor, hooks) {
      let position = cursor;
      const { onSign, onMessage } = hooks;
      const heard: LinkHooks = {
        ...hooks,
        onMessage(message) {
          if ("cursor" in message) position = message.cursor ?? position;
          onMessage(message);
        },
      };
      return openRequests(heard, async function follow(requests) {
        const response = await requests.get(`${url}?${after(position)}`, "text/event-stream");
        if (isOfTask && response.status === NOTHING_MORE) {
          // It stays as it is, and so does the page.
          onSign();
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

/** Reads a stream to its end. */
async function readEvents(response: Response, cursor: string, requests: Requests): Promise<void> {
  const { onSign, onMessage } = requests.hooks;
  const events = new EventReader();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let isFirst = true;; isFirst = false) {
    const { value, done } = await reader.read();
    if (done || requests.isEnded) return;
    onSign();
    // The stream tells what was missed, but not that it was nothing.
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
 * Plain questions, every few seconds.
 *
 * @param url where the tasks are: `/tasks/default`
 * @param readyUrl where the server says whether it can store: `/readyz`
 * @param intervalMs time between two questions, in milliseconds
 */
export function pollingTransport(url: string, readyUrl: string, intervalMs: number = POLL_MS): Transport {
  return {
    name: "polling",
    open: (cursor, hooks) => {
      let position = cursor;
      let degradation: string | null | undefined;
      return openRequests(hooks, async function poll(requests) {
        let response = await requests.get(`${url}?${after(position)}`);
        const isGone = response.status === 410;
        if (isGone) {
          await response.body?.cancel();
          response = await requests.get(url);
        }
        if (!response.ok) return requests.end(response);
        const answer: unknown = await response.json();
        const detail = await readTrouble(await requests.get(readyUrl));
        if (requests.isEnded) return;
        hooks.onSign();
        const message: ServerMessage = isGone
          ? { type: "initial_state", ...readTaskList(answer) }
          : { type: "task_update", ...readChanges(answer) };
        position = message.cursor ?? position;
        hooks.onMessage(message);
        if (detail !== degradation) hooks.onMessage({ type: "degraded", detail });
        degradation = detail;
        requests.later(intervalMs, () => requests.run(poll));
      });
    },
  };
}

async function readTrouble(response: Response): Promise<string | null> {
  const message = readMessage(JSON.stringify({ ...await response.json(), type: "degraded" }));
  return response.ok || message.type !== "degraded" ? null : message.detail;
}

/** A link that consists of requests: one at a time, and a timer between them. */
class Requests implements Link {
  readonly hooks: LinkHooks;
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hooks: LinkHooks) {
    this.hooks = hooks;
  }

  get isEnded(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Works until it has nothing to do but to wait; whatever goes wrong meanwhile ends the link. */
  run(work: (requests: this) => Promise<void>): void {
    work(this).catch(() => this.end());
  }

  /** Asks. The headers of the answer have to come soon; its body may take as long as it likes. */
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

  /** Does not do later what was to be done. */
  forget(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the link, and says why. */
  end(response?: Response): void {
    if (this.isEnded) return;
    this.close();
    const isRefused = REFUSED_STATUS.has(response?.status ?? 0) &&
      response?.headers.get("content-type")?.startsWith(OUR_REFUSAL);
    this.hooks.onEnd(isRefused ? "refused" : "lost");
  }

  close(): void {
    this.forget();
    this.#abort.abort();
  }
}

function openRequests(hooks: LinkHooks, work: (requests: Requests) => Promise<void>): Link {
  const requests = new Requests(hooks);
  requests.run(work);
  return requests;
}

function after(cursor: string): string {
  return `after=${encodeURIComponent(cursor)}`;
}

/** What reads JSON gives; `null` where it is none. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return null;
  }
}
