/**
 * Limits the number of concurrent watchers over all transports.
 *
 * @module
 */

import { limitReached } from "../problem.ts";

/** Counts sockets and event streams against their common limit. */
export class WatcherSlots {
  readonly #limit: number;
  #taken = 0;

  /** @param limit the maximum number of watchers */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of watchers. */
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
    throw limitReached(`The limit of ${this.#limit} watchers is reached`);
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
