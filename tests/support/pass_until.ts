/**
 * Fake time beside real sockets.
 *
 * @module
 */

import type { FakeClock } from "./fake_clock.ts";

/** Those of the platform, whatever a clock puts in their place later. */
const { setTimeout: realSetTimeout, performance: realPerformance } = globalThis;

/** Lets real time pass for a moment, so that what is on its way arrives. */
function realTurn(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, 2));
}

/**
 * Lets fake time pass, with real turns of the event loop in between, until a condition holds.
 *
 * @param clock the clock
 * @param condition what is waited for
 * @param mostMs fake milliseconds until it is given up
 * @returns how many fake milliseconds passed
 */
export async function passUntil(
  clock: FakeClock,
  condition: () => boolean,
  mostMs = 120_000,
): Promise<number> {
  const end = realPerformance.now() + 20_000;
  const stepMs = 100;
  for (let passedMs = 0; passedMs <= mostMs && realPerformance.now() < end; passedMs += stepMs) {
    if (condition()) return passedMs;
    await clock.passAsync(stepMs);
    await realTurn();
  }
  throw new Error(`Gave up waiting for: ${condition}`);
}

/** Lets so much fake time pass, with real turns of the event loop in between. */
export async function passFor(clock: FakeClock, milliseconds: number): Promise<void> {
  const stepMs = Math.max(100, milliseconds / 100);
  for (let passedMs = 0; passedMs < milliseconds; passedMs += stepMs) {
    await clock.passAsync(stepMs);
    await realTurn();
  }
}
