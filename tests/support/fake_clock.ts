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
      // The platform's own sockets have some.
      shouldClearNativeTimers: true,
    });
    if (typeof timer === "number") returnNumbers();
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#clock.countTimers();
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
    // Libraries from npm see other timers than we do, and put those back.
    Object.assign(globalThis, this.#real);
  }
}

/** Before Deno 2.9 timers are numbers for us, and objects for libraries from npm, which is what the fake ones are. */
function returnNumbers(): void {
  const global = globalThis as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["setTimeout", "setInterval"]) {
    const set = global[name]!;
    global[name] = (...args) => Number(set(...args));
  }
}
