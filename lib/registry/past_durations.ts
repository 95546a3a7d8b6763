/**
 * Predicts the duration of a run from past runs of the same name.
 *
 * @module
 */

import { quantile } from "../task/quantile.ts";

/** An expected remaining duration, in seconds. */
export interface TimeLeft {
  readonly eta: number;
  /** The lower end of the likely range of the remaining duration. */
  readonly low: number;
  /** The upper end of the likely range of the remaining duration. */
  readonly high: number;
}

/** The maximum number of past runs to use for a prediction; older runs may no longer be representative. */
export const MOST_DURATIONS = 20;

/** The minimum number of past runs for an expected duration: one or two may not be representative. */
const MIN_EXPECTED = 3;

/** The durations of the newest successful runs of a name. */
export class PastDurations {
  /** The durations in the order in which the runs ended. */
  readonly #newest: number[] = [];
  /** The same durations as in `#newest`, shortest first. */
  readonly #sorted: number[] = [];

  /** @param seconds the duration of each run, in the order in which the runs ended */
  constructor(seconds: Iterable<number> = []) {
    for (const each of seconds) this.add(each);
  }

  /** Adds the run that ended last. If there are too many runs, the oldest one is dropped. */
  add(seconds: number): void {
    const sorted = this.#sorted;
    if (this.#newest.length === MOST_DURATIONS) sorted.splice(sorted.indexOf(this.#newest.shift()!), 1);
    this.#newest.push(seconds);
    let index = sorted.push(seconds) - 1;
    for (; index > 0 && sorted[index - 1]! > seconds; index--) sorted[index] = sorted[index - 1]!;
    sorted[index] = seconds;
  }

  /** The median duration; 0 if there are no runs. */
  get usual(): number {
    return this.#sorted.length === 0 ? 0 : quantile(this.#sorted, 0.5);
  }

  /** The expected duration of a run, which is the median; `null` if there are too few runs, or the median is 0. */
  get expected(): number | null {
    return this.#sorted.length < MIN_EXPECTED ? null : this.usual || null;
  }

  /**
   * Predicts the remaining duration of a run. Only past runs that took longer than `elapsed` are used, so the
   * longer a run takes, the longer it is expected to take.
   *
   * @param elapsed seconds since the run began
   * @returns the remaining duration; `null` if no past run took longer than `elapsed`
   */
  left(elapsed: number): TimeLeft | null {
    const sorted = this.#sorted;
    const from = sorted.findIndex((seconds) => seconds > elapsed);
    if (from === -1) return null;
    const count = sorted.length - from;
    const eta = quantile(sorted, 0.5, from) - elapsed;
    // The range covers the middle half of the runs, and is widened if there are few runs, because a few may
    // be similar by chance.
    const doubt = 1 + 1 / (2 * count);
    return {
      eta,
      low: Math.min(quantile(sorted, 0.25, from) - elapsed, eta / doubt),
      high: Math.max(quantile(sorted, 0.75, from) - elapsed, eta * doubt),
    };
  }
}
