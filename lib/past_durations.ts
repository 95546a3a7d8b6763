/**
 * What earlier runs of the same name say of how long one will take. Pure.
 *
 * @module
 */

import { quantile } from "./quantile.ts";

/** How long something may take, in seconds. */
export interface TimeLeft {
  readonly eta: number;
  /** Shorter is unlikely. */
  readonly low: number;
  /** Longer is unlikely. */
  readonly high: number;
}

/** How long runs took that ended well. */
export class PastDurations {
  readonly #sorted: Float64Array;

  /** @param seconds how long each of them took, in any order */
  constructor(seconds: readonly number[]) {
    // Sorts numbers as such, and in a fraction of the time: this is done for every task that starts.
    this.#sorted = Float64Array.from(seconds).sort();
  }

  /** How long half of them took at most; 0 where there are none. */
  get usual(): number {
    return this.#sorted.length === 0 ? 0 : quantile(this.#sorted, 0.5);
  }

  /**
   * How long a run will take still that has taken so long already. Those that were over by then say nothing of it, so the
   * longer it runs, the longer it is expected to take.
   *
   * @param elapsed seconds since it began
   * @returns `null` where none took that long
   */
  left(elapsed: number): TimeLeft | null {
    const sorted = this.#sorted;
    const from = sorted.findIndex((seconds) => seconds > elapsed);
    if (from === -1) return null;
    const count = sorted.length - from;
    const eta = quantile(sorted, 0.5, from) - elapsed;
    // The middle half of them; but few that are alike may be so by chance, and one always is.
    const doubt = 1 + 1 / (2 * count);
    return {
      eta,
      low: Math.min(quantile(sorted, 0.25, from) - elapsed, eta / doubt),
      high: Math.max(quantile(sorted, 0.75, from) - elapsed, eta * doubt),
    };
  }
}
