/**
 * Detects whether the client of a WebSocket handshake disconnects while the handshake waits.
 *
 * If a client disconnects while a handler waits, Deno 2.9 completes the upgrade all the same, but never
 * closes the connection and dispatches no event. Only the request's signal is aborted, and only if the
 * property `signal` was read before the wait.
 *
 * @module
 */

import { ForwardedRequest } from "./cluster/forwarded_request.ts";

const signals: WeakMap<Request, AbortSignal> = new WeakMap();

/**
 * Begins to watch whether the client of a handshake disconnects. Call this before the handshake waits for
 * anything.
 */
export function expectWait(handshake: Request): void {
  signals.set(handshake, originalOf(handshake).signal);
}

/** Returns whether the client of a handshake has disconnected since {@linkcode expectWait} was called. */
export function hasLeft(handshake: Request): boolean {
  return signals.get(handshake)?.aborted ?? false;
}

/** Returns a handshake in the form in which it arrived at this node. */
export function originalOf(handshake: Request): Request {
  return handshake instanceof ForwardedRequest ? handshake.original : handshake;
}
