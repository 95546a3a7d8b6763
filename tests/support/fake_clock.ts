/**
 * Fakes time, which advances only when a test says so.
 *
 * @module
 */

import FakeTimers from "fake-timers";

/** Where {@linkcode FakeClock} begins, in epoch seconds. */
export const CLOCK_START = 1_700_000_000;

/** Fakes `Date` and the timers of this isolate until it is disposed. */
export class FakeClock implements Disposable {
  readonly #real = (({ setTimeout, clearTimeout, setInterval, clearInterval, Date }) => ({
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    Date,
  }))(globalThis);
  readonly #clock: ReturnType<typeof FakeTimers.install>;

  constructor() {
    const timer: unknown = setTimeout(() => {}, 0);
    clearTimeout(timer as number);
    this.#clock = FakeTimers.install({
      now: CLOCK_START * 1000,
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
      // The platform's own sockets set native timers.
      shouldClearNativeTimers: true,
    });
    if (typeof timer === "number") returnNumbers();
  }

  /** The number of pending timers. */
  get pending(): number {
    return this.#clock.countTimers();
  }

  /** Advances time and runs the timers that are due, without microtasks in between. */
  pass(milliseconds: number): void {
    this.#clock.tick(milliseconds);
  }

  /** Advances time and runs the timers that are due and the microtasks in between. */
  async passAsync(milliseconds: number): Promise<void> {
    await this.#clock.tickAsync(milliseconds);
  }

  /** Sets the wall clock to another time without affecting timers. */
  set(epochSeconds: number): void {
    this.#clock.setSystemTime(epochSeconds * 1000);
  }

  [Symbol.dispose](): void {
    this.#clock.uninstall();
    // npm packages see Node's timers, so `uninstall()` would restore those.
    Object.assign(globalThis, this.#real);
  }
}

/** Makes fake timers return numbers: before Deno 2.9 timers are numbers, but objects for npm packages. */
function returnNumbers(): void {
  const global = globalThis as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["setTimeout", "setInterval"]) {
    const set = global[name]!;
    global[name] = (...args) => Number(set(...args));
  }
}
