/**
 * The interface of sources of updates, and the best source: a WebSocket. The other sources are in `request_sources.ts`
 * and `shared_events.ts`, which a page loads only if its WebSocket fails. All sources deliver the same messages.
 *
 * @module
 */

import type { UpdateSourceName } from "../shared/view.ts";
import { PING, readMessage, type ServerMessage } from "../../lib/task/wire.ts";

/**
 * Why a subscription ended: the connection was lost, access was refused, or the task or client was not found.
 */
export type SubscriptionEnd = "lost" | "refused" | "not_found";

/**
 * The callbacks of a subscription. No callback is called before `open` has returned or after the subscription has
 * ended.
 */
export interface SubscriptionCallbacks {
  /**
   * Called whenever data arrives from the server. The first call shows that this source reaches the server.
   */
  readonly onActivity: () => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** Called when the subscription has ended, unless {@linkcode Subscription.close} ended it. */
  readonly onEnd: (why: SubscriptionEnd) => void;
}

/** An open subscription. */
export interface Subscription {
  /** Ends the subscription without a callback. */
  close(): void;
  /**
   * Asks the server to send something over this subscription, as it may have been silent only because nothing changed.
   * Does nothing if the server sends keep-alives by itself.
   */
  ping(): void;
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
    return { close: () => clearTimeout(timer), ping: () => {} };
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
  // Browsers answer the pings of the protocol, but do not show them to the page.
  const ping = () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(PING);
  };
  return { close, ping };
}

/**
 * A source whose code is loaded when the source is opened for the first time.
 *
 * @param name the name of the source
 * @param load loads the source; if it rejects, the subscription ends as lost
 */
export function lazySource(name: UpdateSourceName, load: () => Promise<UpdateSource>): UpdateSource {
  return {
    name,
    open(cursor, callbacks) {
      let subscription: Subscription | undefined;
      let isClosed = false;
      load().then(
        (source) => {
          if (!isClosed) subscription = source.open(cursor, callbacks);
        },
        () => {
          if (!isClosed) callbacks.onEnd("lost");
        },
      );
      return {
        close() {
          isClosed = true;
          subscription?.close();
        },
        ping: () => subscription?.ping(),
      };
    },
  };
}

/** Returns the query that resumes from a cursor. */
export function after(cursor: string): string {
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
