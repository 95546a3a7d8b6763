/**
 * What earlier runs of the same name say of how long one will take. Pure.
 *
 * @module
 */

import { quantile } from "../task/quantile.ts";

/** How long something may take, in seconds. */
export interface TimeLeft {
  readonly eta: number;
  /** Shorter is unlikely. */
  readonly low: number;
  /** Longer is unlikely. */
  readonly high: number;
}

/** How many runs say how long the next one will take; what was long ago may not be true any more. */
export const MOST_DURATIONS = 20;

/** How long the newest runs took that ended well. */
export class PastDurations {
  /** In the order of their ends. */
  readonly #newest: number[] = [];
  /** The same, shortest first. */
  readonly #sorted: number[] = [];

  /** @param seconds how long each of them took, in the order of their ends */
  constructor(seconds: Iterable<number> = []) {
    for (const each of seconds) this.add(each);
  }

  /** Adds a run that ended after the others; where there are too many, the oldest does not count any more. */
  add(seconds: number): void {
    const sorted = this.#sorted;
    if (this.#newest.length === MOST_DURATIONS) sorted.splice(sorted.indexOf(this.#newest.shift()!), 1);
    this.#newest.push(seconds);
    let index = sorted.push(seconds) - 1;
    for (; index > 0 && sorted[index - 1]! > seconds; index--) sorted[index] = sorted[index - 1]!;
    sorted[index] = seconds;
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
