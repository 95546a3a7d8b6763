/**
 * Replaces `Date` and timers by fakes that a test advances.
 *
 * @module
 */

import FakeTimers from "fake-timers";

/** The time at which a {@linkcode FakeClock} starts, in epoch seconds. */
export const CLOCK_START = 1_700_000_000;

/** Replaces `Date` and the timers of this isolate by fakes; disposal restores them. */
export class FakeClock implements Disposable {
  readonly #real = (({ setTimeout, clearTimeout, setInterval, clearInterval, Date }) => ({
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    Date,
  }))(globalThis);
  readonly #clock: ReturnType<typeof FakeTimers.install>;
  #stalledMs = 0;

  constructor() {
    const timer: unknown = setTimeout(() => {}, 0);
    clearTimeout(timer as number);
    this.#clock = FakeTimers.install({
      now: CLOCK_START * 1000,
      toFake: ["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
      // Deno's own sockets set real timers and clear them with the fake function.
      shouldClearNativeTimers: true,
    });
    if (typeof timer === "number") returnNumbers();
    const fakeNow = performance.now.bind(performance);
    performance.now = () => fakeNow() + this.#stalledMs;
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

  /** Lets time pass on the monotonic clock without running timers, as if the event loop were blocked. */
  stall(milliseconds: number): void {
    this.#stalledMs += milliseconds;
  }

  /** Sets the wall clock to another time, in epoch seconds, without affecting timers. */
  set(epochSeconds: number): void {
    this.#clock.setSystemTime(epochSeconds * 1000);
  }

  [Symbol.dispose](): void {
    this.#clock.uninstall();
    // fake-timers is an npm package, which sees Node's timers: its `uninstall()` would replace Deno's timers
    // by Node's.
    Object.assign(globalThis, this.#real);
  }
}

/** Makes fake timers return numbers, as Deno's do before 2.9; fake-timers, an npm package, would return objects. */
function returnNumbers(): void {
  const global = globalThis as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["setTimeout", "setInterval"]) {
    const set = global[name]!;
    global[name] = (...args) => Number(set(...args));
  }
}
