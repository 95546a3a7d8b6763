/**
 * Decides when frequently changing data of a task is stored.
 *
 * @module
 */

/** How long data may stay unsaved: this many seconds, or this share of the data's whole time span if that is longer. */
const UNSAVED_SECONDS = 5;
const UNSAVED_SHARE = 0.05;

/** Records whether data of one task has changed, and when it was last stored, in epoch seconds. */
export class SaveClock {
  #savedAt: number;
  #isUnsaved = false;

  /** @param at the current time */
  constructor(at: number) {
    this.#savedAt = at;
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
  saved(at: number): void {
    this.#savedAt = at;
    this.#isUnsaved = false;
  }

  /**
   * Returns whether so much is unsaved that the data should be stored.
   *
   * @param at the current time
   * @param elapsed the time since the beginning of the data, in seconds
   * @param leastSeconds the minimum time since the data was last stored, in seconds
   */
  isDue(at: number, elapsed: number, leastSeconds: number): boolean {
    return this.#isUnsaved &&
      at - this.#savedAt >= Math.max(UNSAVED_SECONDS, elapsed * UNSAVED_SHARE, leastSeconds);
  }
}
