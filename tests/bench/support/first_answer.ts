/**
 * Waits until a server that is starting responds.
 *
 * @module
 */

import { pause } from "./clock.ts";
import { WrongWorkError } from "./harness.ts";

/** The time between two attempts to connect, in milliseconds. */
const RETRY_MS = 2;
/** The maximum time that a start may take, in milliseconds. */
const DEADLINE_MS = 30_000;

/** Requests a URL until the server responds with a success status. */
export async function firstAnswer(url: string): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (performance.now() < endMs) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // The server does not listen yet.
    }
    await pause(RETRY_MS);
  }
  throw new WrongWorkError(`Cannot start a server: it did not respond within ${DEADLINE_MS} ms`);
}
