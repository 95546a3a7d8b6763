/**
 * Calls a function when a grant expires, to close the socket or event stream that was opened with it.
 *
 * @module
 */

import { now } from "../clock.ts";
import { unrefTimer } from "../environment.ts";
import { type Grant, hasExpired } from "./grant.ts";

/**
 * The longest delay of a timer, in milliseconds. Longer waits use several timers, because the wall clock may
 * be set in the meantime, and because a timer of more than 2^31 - 1 ms would fire at once.
 */
const MAX_SLEEP_MS = 60 * 60 * 1_000;

/** Returns the time until a grant expires, in milliseconds; `Infinity` if it does not expire. */
export function msUntilExpired({ expiresAt }: Grant): number {
  return expiresAt === null ? Infinity : Math.max(0, (expiresAt - now()) * 1_000);
}

/**
 * Calls a function once a grant has expired. The timer is unref'd.
 *
 * @param grant the grant
 * @param onExpired called at most once, in a later turn of the event loop
 * @returns a function that cancels the call
 */
export function whenExpired(grant: Grant, onExpired: () => void): () => void {
  if (grant.expiresAt === null) return () => {};
  let timer: ReturnType<typeof setTimeout>;
  const sleep = () => {
    timer = unrefTimer(setTimeout(check, Math.min(MAX_SLEEP_MS, Math.ceil(msUntilExpired(grant)))));
  };
  const check = () => hasExpired(grant, now()) ? onExpired() : sleep();
  sleep();
  return () => clearTimeout(timer);
}
