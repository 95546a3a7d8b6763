/**
 * Requests that wait for something to happen.
 *
 * @module
 */

import { ClosedError } from "../../errors.ts";
import { limitReached } from "../problem.ts";

/** What to wait for, and for how long. */
export interface Wait<T> {
  /** Who waits. */
  readonly request: Request;
  readonly timeoutMs: number;
  /** Begins to look out; gives back what ends that. */
  readonly begin: (happened: (what: T) => void) => () => void;
}

/** Keeps so many requests waiting at most, and none whose client has gone. */
export class WaitingRoom {
  readonly #most: number;
  /** What sends each of those away who wait. */
  readonly #waiting: Set<(error: Error) => void> = new Set();

  /** @param most how many may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits.
   *
   * @param wait what to wait for
   * @returns what happened; `null` where nothing did in time, or the client has gone
   * @throws {Problem} 503 where too many wait already
   * @throws {ClosedError} where the server ends meanwhile
   */
  async wait<T>({ request, timeoutMs, begin }: Wait<T>): Promise<T | null> {
    if (this.#waiting.size >= this.#most) {
      throw limitReached(`${this.#most} requests wait already, which is the limit`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<T | null>();
    const giveUp = () => resolve(null);
    const timer = setTimeout(giveUp, timeoutMs);
    // It is aborted behind every answer, too, on some versions of Deno; then nobody listens any more.
    request.signal.addEventListener("abort", giveUp);
    this.#waiting.add(reject);
    let end = () => {};
    try {
      end = begin(resolve);
      return await promise;
    } finally {
      end();
      this.#waiting.delete(reject);
      request.signal.removeEventListener("abort", giveUp);
      clearTimeout(timer);
    }
  }

  /** Sends everybody away, as the server is about to end. */
  close(): void {
    for (const reject of this.#waiting) reject(new ClosedError("The server is shutting down"));
  }
}
