/**
 * Limits how many things of a kind, such as watchers, may exist at the same time.
 *
 * @module
 */

import { limitReached } from "./problem.ts";

/**
 * Reserves slots within a limit. Each holder may take at most as many slots as remain free: the first holder
 * half of the limit, a second holder a quarter. So a further holder can always take a slot.
 */
export class Slots {
  readonly #limit: number;
  readonly #what: string;
  #taken = 0;
  readonly #byHolder: Map<string, number> = new Map();

  /**
   * @param limit the maximum number of slots that are taken at the same time
   * @param what the plural noun for the limited things, such as `"watchers"`, for error messages
   */
  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** The number of slots that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Returns whether a slot is free for a holder; `null` stands for a holder that may take all slots. */
  hasRoom(holder: string | null = null): boolean {
    const free = this.#limit - this.#taken;
    return free > 0 && (holder === null || (this.#byHolder.get(holder) ?? 0) < free);
  }

  /**
   * Checks that a slot is free.
   *
   * @param holder the holder of the slot; `null` for a holder that may take all slots
   * @throws {Problem} 503 if no slot is free for the holder
   */
  check(holder: string | null = null): void {
    if (this.hasRoom(holder)) return;
    throw limitReached(
      this.#taken < this.#limit
        ? `Your share of the limit of ${this.#limit} ${this.#what} is used up`
        : `The limit of ${this.#limit} ${this.#what} is reached`,
    );
  }

  /**
   * Acquires a slot.
   *
   * @param holder the holder of the slot; `null` for a holder that may take all slots
   * @returns a function that releases the slot; calling it again has no effect
   * @throws {Problem} 503 if no slot is free for the holder
   */
  take(holder: string | null = null): () => void {
    this.check(holder);
    this.#count(holder, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#count(holder, -1);
      isTaken = false;
    };
  }

  #count(holder: string | null, slots: number): void {
    this.#taken += slots;
    if (holder === null) return;
    const count = (this.#byHolder.get(holder) ?? 0) + slots;
    if (count > 0) this.#byHolder.set(holder, count);
    else this.#byHolder.delete(holder);
  }
}
