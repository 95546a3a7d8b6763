/**
 * Advances a fake clock while real sockets work.
 *
 * @module
 */

import type { FakeClock } from "./fake_clock.ts";

/** The real functions, stored before a fake clock replaces them. */
const realSetTimeout = globalThis.setTimeout;
const realNow = performance.now.bind(performance);

/** Waits for a few milliseconds of real time, so that data on its way over a socket arrives. */
function realTurn(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, 2));
}

/**
 * Advances fake time, with real turns of the event loop in between, until a condition holds.
 *
 * @param clock the fake clock to advance
 * @param condition the condition to wait for
 * @param mostMs the fake time after which to give up, in milliseconds
 * @param stepMs the fake time to advance at once, in milliseconds; with 0, only timers that are already due run
 * @returns the fake time that passed, in milliseconds
 */
export async function passUntil(
  clock: FakeClock,
  condition: () => boolean,
  mostMs = 120_000,
  stepMs = 100,
): Promise<number> {
  const end = realNow() + 60_000;
  for (let passedMs = 0; passedMs <= mostMs && realNow() < end; passedMs += stepMs) {
    if (condition()) return passedMs;
    await clock.passAsync(stepMs);
    await realTurn();
  }
  throw new Error(`Gave up waiting for: ${condition}`);
}

/** Advances fake time by a duration, with real turns of the event loop in between. */
export async function passFor(clock: FakeClock, milliseconds: number): Promise<void> {
  const stepMs = Math.max(100, milliseconds / 100);
  for (let passedMs = 0; passedMs < milliseconds; passedMs += stepMs) {
    await clock.passAsync(stepMs);
    await realTurn();
  }
}
