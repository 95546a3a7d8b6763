/**
 * How many may watch at the same time, over whatever.
 *
 * @module
 */

import { limitReached } from "../problem.ts";

/** Counts sockets and event streams. */
export class WatcherSeats {
  readonly #most: number;
  #taken = 0;

  /** @param most how many may watch */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many watch. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Looks for a seat.
   *
   * @throws {Problem} 503 where there is none
   */
  check(): void {
    if (this.#taken < this.#most) return;
    throw limitReached(`${this.#most} watchers are there, which is the limit`);
  }

  /**
   * Takes a seat.
   *
   * @returns gives it back; may be called more than once
   * @throws {Problem} 503 where there is none
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
