/**
 * How late the event loop is: what everybody waits for who asks something.
 *
 * @module
 */

import { UnrefInterval } from "../../unref_interval.ts";

/** How often to look, in milliseconds. */
const INTERVAL_MS = 500;

/** Looks that make a period, of half a minute: the delay is of this one and the one before. */
const LOOKS_PER_PERIOD = 60;

/** Looks again and again how late a timer is, from when it is made. The platform has no such figure (Deno 2.9). */
export class LoopDelay implements Disposable {
  readonly #interval: UnrefInterval;
  #lookedAtMs = performance.now();
  #looks = 0;
  #longestMs = 0;
  #longestBeforeMs = 0;

  constructor() {
    this.#interval = new UnrefInterval(() => this.#look(), INTERVAL_MS);
    this.#interval.start();
  }

  /** The longest delay of the last half minute or more, in milliseconds; also one that is not over yet. */
  get longestMs(): number {
    return Math.max(this.#longestMs, this.#longestBeforeMs, this.#delayMs);
  }

  [Symbol.dispose](): void {
    this.#interval.stop();
  }

  /** How long the next look is overdue. */
  get #delayMs(): number {
    return Math.max(0, performance.now() - this.#lookedAtMs - INTERVAL_MS);
  }

  #look(): void {
    this.#longestMs = Math.max(this.#longestMs, this.#delayMs);
    this.#lookedAtMs = performance.now();
    if (++this.#looks % LOOKS_PER_PERIOD > 0) return;
    this.#longestBeforeMs = this.#longestMs;
    this.#longestMs = 0;
  }
}
