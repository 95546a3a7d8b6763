/**
 * Estimates the server's clock from the time in the page and the headers of responses, even if the browser's clock is
 * wrong.
 *
 * @module
 */

import { clockOffset, type DatedResponse } from "../../lib/task/clock_offset.ts";

/**
 * The difference between the browser's clock and the estimate above which the estimate is checked, in seconds. The page
 * may come from a cache, or the browser's clock may have been set.
 */
const DOUBTFUL_SECONDS = 1;

/** The clocks of the browser, in seconds. */
export interface LocalClocks {
  /** Returns the epoch seconds of the wall clock, which jump if the user sets the clock. */
  readonly wall: () => number;
  /** Returns the seconds of a monotonic clock, which the user can't set. */
  readonly steady: () => number;
}

const BROWSER_CLOCKS: LocalClocks = {
  wall: () => Date.now() / 1_000,
  steady: () => performance.now() / 1_000,
};

/** An estimate of the server's clock. */
export class ServerClock {
  readonly #local: LocalClocks;
  #offset: number;
  /** The time of the wall clock when the monotonic clock was at 0, in seconds. */
  #epoch: number;
  #isDoubtful: boolean;

  /**
   * @param now the server's time in epoch seconds
   * @param local the clocks of the browser
   */
  constructor(now: number, local: LocalClocks = BROWSER_CLOCKS) {
    this.#local = local;
    this.#offset = now - local.wall();
    this.#epoch = local.wall() - local.steady();
    this.#isDoubtful = Math.abs(this.#offset) > DOUBTFUL_SECONDS;
  }

  /** The estimated server time in epoch seconds. */
  get now(): number {
    return this.#local.wall() + this.#offset;
  }

  /**
   * Returns whether the estimate should be corrected, because the page may have been old, or because the browser's
   * clock was set since the last check. Each reason is reported only once.
   */
  takeDoubt(): boolean {
    const epoch = this.#local.wall() - this.#local.steady();
    const isDoubtful = this.#isDoubtful || Math.abs(epoch - this.#epoch) > DOUBTFUL_SECONDS;
    this.#epoch = epoch;
    this.#isDoubtful = false;
    return isDoubtful;
  }

  /** Corrects the estimate with the time in a response, unless the response confirms the estimate. */
  correct(response: DatedResponse): void {
    this.#offset = clockOffset(response, this.#offset);
  }
}

/** Returns the seconds since the server sent this page. */
export function pageAgeSeconds(): number {
  const [entry] = performance.getEntriesByType("navigation");
  const started = entry instanceof PerformanceNavigationTiming ? entry.responseStart : 0;
  return started > 0 ? Math.max(0, performance.now() - started) / 1_000 : 0;
}
