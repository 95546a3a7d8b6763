/**
 * Limits how often each of many callers may do something, with a token bucket per caller.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";

/** Options of a {@linkcode RateLimiter}. */
export interface RateLimiterOptions {
  /** The number of actions that a caller may perform without waiting. */
  readonly burst: number;
  /** The time after which a caller may perform one more action, in milliseconds. */
  readonly refillMs: number;
  /**
   * The maximum number of callers to remember; beyond it, the least recently active callers are forgotten.
   */
  readonly most: number;
}

/** Keeps a token bucket per caller. A full bucket takes no memory. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /**
   * When each caller's bucket will be full again, in milliseconds of the monotonic clock; the most recently
   * active callers come last.
   */
  readonly #fullAt: Map<string, number> = new Map();

  /** @param options the size of the buckets, their refill time, and the maximum number of buckets */
  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /**
   * Returns how long a caller has to wait before its next action.
   *
   * @param caller the caller's identifier
   * @returns the wait in milliseconds; 0 if an action is allowed now
   */
  waitMs(caller: string): number {
    const { burst, refillMs } = this.#options;
    const missing = (this.#fullAt.get(caller) ?? 0) - monotonicMs();
    return Math.max(0, missing - (burst - 1) * refillMs);
  }

  /** Takes one token from a caller's bucket. */
  spend(caller: string): void {
    const { refillMs, most } = this.#options;
    const now = monotonicMs();
    const fullAt = Math.max(now, this.#fullAt.get(caller) ?? 0) + refillMs;
    this.#fullAt.delete(caller);
    this.#fullAt.set(caller, fullAt);
    for (const [other, at] of this.#fullAt) {
      if (at > now && this.#fullAt.size <= most) break;
      this.#fullAt.delete(other);
    }
  }
}
