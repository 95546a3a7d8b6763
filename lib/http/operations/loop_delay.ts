/**
 * Measures the delay of the event loop.
 *
 * @module
 */

import { UnrefInterval } from "../../unref_interval.ts";

/** The interval of measurements, in milliseconds. */
const INTERVAL_MS = 500;

/**
 * The number of measurements in a period of 30 s. The reported delay covers the current period and the
 * previous one.
 */
const MEASUREMENTS_PER_PERIOD = 60;

/**
 * Measures how late a timer fires: that is the delay of the event loop. In Deno 2.9,
 * `monitorEventLoopDelay()` of `node:perf_hooks` does not measure this delay.
 */
export class LoopDelay implements Disposable {
  readonly #interval: UnrefInterval;
  #measuredAtMs = performance.now();
  #measurements = 0;
  #longestMs = 0;
  #previousLongestMs = 0;

  constructor() {
    this.#interval = new UnrefInterval(() => this.#measure(), INTERVAL_MS);
    this.#interval.start();
  }

  /** The longest delay in the last 30 to 60 s, in milliseconds, including a delay that is still going on. */
  get longestMs(): number {
    return Math.max(this.#longestMs, this.#previousLongestMs, this.#delayMs);
  }

  [Symbol.dispose](): void {
    this.#interval.stop();
  }

  /** The time by which the next measurement is overdue, in milliseconds. */
  get #delayMs(): number {
    return Math.max(0, performance.now() - this.#measuredAtMs - INTERVAL_MS);
  }

  #measure(): void {
    this.#longestMs = Math.max(this.#longestMs, this.#delayMs);
    this.#measuredAtMs = performance.now();
    if (++this.#measurements % MEASUREMENTS_PER_PERIOD > 0) return;
    this.#previousLongestMs = this.#longestMs;
    this.#longestMs = 0;
  }
}
