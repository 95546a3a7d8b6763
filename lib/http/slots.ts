/**
 * Limits how many of something may exist at the same time.
 *
 * @module
 */

import { limitReached } from "./problem.ts";

/** Counts things against a limit. */
export class Slots {
  readonly #limit: number;
  readonly #what: string;
  #taken = 0;

  /**
   * @param limit the maximum number of slots that are taken at the same time
   * @param what what the slots are for, in the plural, such as `"watchers"`
   */
  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** The number of slots that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Checks that a slot is free.
   *
   * @throws {Problem} 503 if no slot is free
   */
  check(): void {
    if (this.#taken < this.#limit) return;
    throw limitReached(`The limit of ${this.#limit} ${this.#what} is reached`);
  }

  /**
   * Acquires a slot.
   *
   * @returns a function that releases the slot; calling it again has no effect
   * @throws {Problem} 503 if no slot is free
   */
  take(): () => void {
    this.check();
    this.#taken++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken--;
      isTaken = false;
    };
  }
}
