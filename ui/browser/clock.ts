/**
 * The server's clock, as far as a browser can tell it: its own, shifted by what the server said.
 *
 * @module
 */

/** An estimate further off than this, in seconds, is corrected. `Date` headers have whole seconds. */
const TOLERANCE = 2;

/** Tells the server's time. */
export class ServerClock {
  readonly #localSeconds: () => number;
  #offset: number;

  /**
   * @param now the server's time at this moment, in epoch seconds
   * @param localSeconds this machine's time in epoch seconds
   */
  constructor(now: number, localSeconds: () => number = () => Date.now() / 1_000) {
    this.#localSeconds = localSeconds;
    this.#offset = now - localSeconds();
  }

  /** The server's time in epoch seconds. */
  get now(): number {
    return this.#localSeconds() + this.#offset;
  }

  /** How far this machine's clock seems to be from the server's, in seconds. */
  get offset(): number {
    return this.#offset;
  }

  /** Takes a `Date` header into account. One that can't be read changes nothing. */
  correct(dateHeader: string | null): void {
    const said = dateHeader === null ? NaN : Date.parse(dateHeader) / 1_000;
    if (Math.abs(said + 0.5 - this.now) > TOLERANCE) this.#offset += said + 0.5 - this.now;
  }
}
