/**
 * Notices whether the clients of WebSocket handshakes leave while the handshakes wait.
 *
 * If a client leaves while a handler waits, Deno 2.9 completes the upgrade all the same, but never closes the
 * connection and dispatches no event. Only the request's signal tells, and only if it was asked for before the wait.
 *
 * @module
 */

import { ForwardedRequest } from "./cluster/forwarded_request.ts";

const signals: WeakMap<Request, AbortSignal> = new WeakMap();

/** Notices from now on whether the client of a handshake leaves. Call this before the handshake waits for anything. */
export function expectWait(handshake: Request): void {
  signals.set(handshake, originalOf(handshake).signal);
}

/** Returns whether the client of a handshake has left while that waited. */
export function hasLeft(handshake: Request): boolean {
  return signals.get(handshake)?.aborted ?? false;
}

/** Returns a handshake as it arrived at this node. */
export function originalOf(handshake: Request): Request {
  return handshake instanceof ForwardedRequest ? handshake.original : handshake;
}
