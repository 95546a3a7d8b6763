/**
 * Estimates the server's clock from the browser's clock and the `Date` headers of responses.
 *
 * @module
 */

/**
 * The estimate is corrected only if it is off by more than this, in seconds: `Date` headers have whole
 * seconds.
 */
const TOLERANCE = 2;

/** An estimate of the server's clock. */
export class ServerClock {
  readonly #localSeconds: () => number;
  #offset: number;

  /**
   * @param now the server's current time in epoch seconds
   * @param localSeconds returns the browser's time in epoch seconds
   */
  constructor(now: number, localSeconds: () => number = () => Date.now() / 1_000) {
    this.#localSeconds = localSeconds;
    this.#offset = now - localSeconds();
  }

  /** The estimated server time in epoch seconds. */
  get now(): number {
    return this.#localSeconds() + this.#offset;
  }

  /** The estimated difference between the server's and the browser's clock, in seconds. */
  get offset(): number {
    return this.#offset;
  }

  /** Corrects the estimate by a `Date` header. An invalid header is ignored. */
  correct(dateHeader: string | null): void {
    const said = dateHeader === null ? NaN : Date.parse(dateHeader) / 1_000;
    if (Math.abs(said + 0.5 - this.now) > TOLERANCE) this.#offset += said + 0.5 - this.now;
  }
}
