/**
 * Time that stands still until a test moves it.
 *
 * @module
 */

import FakeTimers from "fake-timers";

/** Where {@linkcode FakeClock} begins, in epoch seconds. */
export const CLOCK_START = 1_700_000_000;

/** Fakes `Date` and the timers of this isolate until it is disposed. */
export class FakeClock implements Disposable {
  readonly #clock: ReturnType<typeof FakeTimers.install>;

  constructor() {
    this.#clock = FakeTimers.install({
      now: CLOCK_START * 1000,
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    });
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#clock.countTimers();
  }

  /** Seconds since the clock was made. */
  get elapsedSeconds(): number {
    return Date.now() / 1000 - CLOCK_START;
  }

  /** Lets time pass, with what is due in it, but without microtasks in between. */
  pass(milliseconds: number): void {
    this.#clock.tick(milliseconds);
  }

  /** Lets time pass, with what is due in it and the microtasks in between. */
  async passAsync(milliseconds: number): Promise<void> {
    await this.#clock.tickAsync(milliseconds);
  }

  /** Sets the wall clock to another time, as an administrator does; timers go on. */
  set(epochSeconds: number): void {
    this.#clock.setSystemTime(epochSeconds * 1000);
  }

  [Symbol.dispose](): void {
    this.#clock.uninstall();
  }
}
