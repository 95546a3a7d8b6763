/**
 * Estimates the server's clock from the time in the page and the headers of responses, however wrong the
 * browser's clock is.
 *
 * @module
 */

import { clockOffset, type DatedResponse } from "../../lib/task/clock_offset.ts";

/**
 * How far the browser's clock may be off before the estimate is doubted, in seconds. The page may come from a
 * cache, or the browser's clock was set.
 */
const DOUBTFUL_SECONDS = 1;

/** The clocks of the browser, in seconds. */
export interface LocalClocks {
  /** Returns the epoch seconds, which change if the user sets the clock. */
  readonly wall: () => number;
  /** Returns the seconds since any moment, which only pass. */
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
  /** The wall clock when the steady one was at 0. */
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
   * Returns whether the estimate should be corrected, because the page may have been old, or because the
   * browser's clock was set since. Each doubt is returned once.
   */
  takeDoubt(): boolean {
    const epoch = this.#local.wall() - this.#local.steady();
    const isDoubtful = this.#isDoubtful || Math.abs(epoch - this.#epoch) > DOUBTFUL_SECONDS;
    this.#epoch = epoch;
    this.#isDoubtful = false;
    return isDoubtful;
  }

  /** Corrects the estimate by a response, unless the response confirms it. */
  correct(response: DatedResponse): void {
    this.#offset = clockOffset(response, this.#offset);
  }
}

/** Returns the seconds since the server responded with this page, which took time to load. */
export function pageAgeSeconds(): number {
  const [entry] = performance.getEntriesByType("navigation");
  const started = entry instanceof PerformanceNavigationTiming ? entry.responseStart : 0;
  return started > 0 ? Math.max(0, performance.now() - started) / 1_000 : 0;
}
