/**
 * Decides when frequently changing data of a task is stored.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";

/** How long data may stay unsaved: this many seconds, or this share of the data's whole time span if that is longer. */
const UNSAVED_SECONDS = 5;
const UNSAVED_SHARE = 0.05;

/** Records whether data of one task has changed, and when it was last stored. */
export class SaveClock {
  /** When the data was last stored or loaded, or when it began. */
  #savedMs: number = monotonicMs();
  /** When the data began. */
  readonly #beganMs: number;
  #isUnsaved = false;

  /** @param knownSeconds the time since the beginning of the data that is already stored; 0 if the data begins now */
  constructor(knownSeconds: number) {
    this.#beganMs = this.#savedMs - knownSeconds * 1_000;
  }

  /** Whether there are changes that are not stored yet. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Records that the data has changed. */
  changed(): void {
    this.#isUnsaved = true;
  }

  /** Records that the data has been stored. */
  saved(): void {
    this.#savedMs = monotonicMs();
    this.#isUnsaved = false;
  }

  /**
   * Returns whether so much is unsaved that the data should be stored.
   *
   * @param leastSeconds the minimum time since the data was last stored, in seconds
   */
  isDue(leastSeconds: number): boolean {
    if (!this.#isUnsaved) return false;
    const nowMs = monotonicMs();
    const elapsed = (nowMs - this.#beganMs) / 1_000;
    return nowMs - this.#savedMs >= 1_000 * Math.max(UNSAVED_SECONDS, elapsed * UNSAVED_SHARE, leastSeconds);
  }
}
