/**
 * Reads the wall clock in seconds, the unit of task records, and the monotonic clock, which measures durations.
 *
 * @module
 */

/** How much the time of this process is ahead of the clock of this machine, in milliseconds. */
let aheadMs = 0;

/** Returns the current time in seconds since the epoch. */
export function now(): number {
  return timeAt(Date.now());
}

/**
 * Returns what {@linkcode now} returned at a moment of which the machine's own time is known, without reading the clock
 * again, which takes as long as everything else in an update of a task.
 *
 * @param ms what `Date.now()` returned at that moment
 * @returns the time in seconds since the epoch
 */
export function timeAt(ms: number): number {
  return (ms + aheadMs) / 1000;
}

/**
 * Makes {@linkcode now} return the time of another clock, which several machines go by. Differences below
 * {@linkcode TOLERATED_MS} do not matter.
 *
 * @param ms how much that clock is ahead of the one of this machine, in milliseconds
 */
export function followClock(ms: number): void {
  aheadMs = Math.abs(ms) < TOLERATED_MS ? 0 : ms;
}

/** Whether {@linkcode now} returns the time of another clock than that of this machine. */
export function followsClock(): boolean {
  return aheadMs !== 0;
}

/** The difference between two clocks that does not matter, in milliseconds. */
const TOLERATED_MS = 100;

/**
 * Returns the milliseconds since some moment in the past, by a clock that nobody sets. Waits and limits are measured
 * by it, because the wall clock may be set back or forward at any time.
 */
export function monotonicMs(): number {
  return performance.now();
}

/** The maximum age of a time that a reporter gives, in seconds: a year. */
const MAX_AGE_SECONDS = 366 * 86_400;

/**
 * Replaces a time that cannot be true by the current one: a time in the future, from more than a year ago, or
 * none at all.
 *
 * @param at the time that a reporter gave, in epoch seconds; may be `NaN`
 * @param now the current time, in epoch seconds
 */
export function plausibleTime(at: number, now: number): number {
  return at <= now && at > now - MAX_AGE_SECONDS ? at : now;
}
