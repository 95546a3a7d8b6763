/**
 * Buckets of tokens that fill up by themselves: so many at once, and so many in a while.
 *
 * @module
 */

/** How often something may be done, by whom. */
export interface RateLimiterOptions {
  /** How often in a row. */
  readonly burst: number;
  /** How long it takes until one more may be done, in milliseconds. */
  readonly refillMs: number;
  /** How many are remembered; of more, those are forgotten who did nothing for longest. */
  readonly most: number;
}

/** Counts what each of many does. Who does nothing for a while costs nothing. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** When each will have its full burst again, in milliseconds of the clock; those who did something last at the end. */
  readonly #fullAt: Map<string, number> = new Map();

  /** @param options how often something may be done */
  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /**
   * How long somebody has to wait until they may do it.
   *
   * @param who whose allowance
   * @returns milliseconds; 0 where they may now
   */
  waitMs(who: string): number {
    const { burst, refillMs } = this.#options;
    const missing = (this.#fullAt.get(who) ?? 0) - Date.now();
    return Math.max(0, missing - (burst - 1) * refillMs);
  }

  /** Takes note of somebody who did it. */
  spend(who: string): void {
    const { refillMs, most } = this.#options;
    const now = Date.now();
    const fullAt = Math.max(now, this.#fullAt.get(who) ?? 0) + refillMs;
    this.#fullAt.delete(who);
    this.#fullAt.set(who, fullAt);
    for (const [other, at] of this.#fullAt) {
      if (at > now && this.#fullAt.size <= most) break;
      this.#fullAt.delete(other);
    }
  }
}
