/**
 * Waits for the first response of a starting server.
 *
 * @module
 */

import { pause } from "./clock.ts";
import { WrongWorkError } from "./harness.ts";

/** Time between two attempts to connect, in milliseconds. */
const RETRY_MS = 2;
/** Longest time that a start may take, in milliseconds. */
const DEADLINE_MS = 30_000;

/** Requests a URL until it responds with 200. */
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
  throw new WrongWorkError(`Cannot start a server: it did not answer within ${DEADLINE_MS} ms`);
}
