/**
 * Limits how many bytes all connections together may keep in memory.
 *
 * @module
 */

/** Counts bytes against a limit. */
export class ByteBudget {
  readonly #limit: number;
  #taken = 0;

  /** @param limit the maximum number of bytes that are taken at the same time */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of bytes that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes bytes, and returns `true`, unless that would exceed the limit. If no bytes are taken, any number can be, so
   * that the limit never makes something impossible.
   */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > this.#limit) return false;
    this.#taken += bytes;
    return true;
  }

  /** Gives bytes back that were taken. */
  release(bytes: number): void {
    this.#taken -= bytes;
  }
}
