/**
 * Limits the number of requests that wait for an event (long polling), and ends their waits.
 *
 * @module
 */

import { ClosedError } from "../../errors.ts";
import { Slots } from "../slots.ts";

/** The wait of a request for an event. */
export interface Wait<T> {
  /** The request; the wait ends if its client disconnects. */
  readonly request: Request;
  readonly timeoutMs: number;
  /** Subscribes to the event, and returns a function that unsubscribes. */
  readonly subscribe: (onEvent: (event: T) => void) => () => void;
}

/** Holds waiting requests, up to a limit. */
export class WaitingRoom {
  readonly #slots: Slots;
  /** The functions that reject each wait. */
  readonly #waiting: Set<(error: Error) => void> = new Set();

  /** @param limit the maximum number of waiting requests */
  constructor(limit: number) {
    this.#slots = new Slots(limit, "waiting requests");
  }

  /** The number of waiting requests. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for an event.
   *
   * @param wait the request, the timeout, and the event to wait for
   * @param holder whose share of the limit the wait uses; `null` for a visitor who may use the whole limit
   * @returns the event; `null` if the timeout elapses or the client disconnects first
   * @throws {Problem} 503 if the limit is reached
   * @throws {ClosedError} if the server shuts down first
   */
  async wait<T>({ request, timeoutMs, subscribe }: Wait<T>, holder: string | null = null): Promise<T | null> {
    const release = this.#slots.take(holder);
    const { promise, resolve, reject } = Promise.withResolvers<T | null>();
    const giveUp = () => resolve(null);
    const timer = setTimeout(giveUp, timeoutMs);
    // The listener is removed below, because Deno up to 2.9 also aborts the signal after a complete response:
    // https://github.com/denoland/deno/issues/27005
    request.signal.addEventListener("abort", giveUp);
    this.#waiting.add(reject);
    let unsubscribe = () => {};
    try {
      unsubscribe = subscribe(resolve);
      return await promise;
    } finally {
      release();
      unsubscribe();
      this.#waiting.delete(reject);
      request.signal.removeEventListener("abort", giveUp);
      clearTimeout(timer);
    }
  }

  /** Ends every wait, because the server is shutting down. */
  close(): void {
    for (const reject of this.#waiting) reject(new ClosedError("The server is shutting down"));
  }
}
