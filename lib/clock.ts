/**
 * Reads the wall clock in seconds, the unit of task records, and the monotonic clock, which measures durations.
 *
 * @module
 */

/** How far the time that {@linkcode now} returns is ahead of the clock of this machine, in milliseconds. */
let aheadMs = 0;

/** Returns the current time in seconds since the epoch. */
export function now(): number {
  return timeAt(Date.now());
}

/**
 * Converts a result of `Date.now()` to the time that {@linkcode now} returned at that moment. The clock is
 * not read again, because reading it takes as long as the rest of a task update.
 *
 * @param ms what `Date.now()` returned at that moment
 * @returns the time in seconds since the epoch
 */
export function timeAt(ms: number): number {
  return (ms + aheadMs) / 1000;
}

/**
 * Makes {@linkcode now} return the time of another clock, which several machines share. A difference below
 * {@linkcode TOLERATED_MS} is ignored.
 *
 * @param ms how far that clock is ahead of the clock of this machine, in milliseconds
 */
export function followClock(ms: number): void {
  aheadMs = Math.abs(ms) < TOLERATED_MS ? 0 : ms;
}

/** Returns whether {@linkcode now} returns the time of a clock other than that of this machine. */
export function followsClock(): boolean {
  return aheadMs !== 0;
}

/** The difference between two clocks below which they count as equal, in milliseconds. */
const TOLERATED_MS = 100;

/**
 * Returns the time of the monotonic clock, in milliseconds since an arbitrary moment. Waits and limits are
 * measured with this clock, because the wall clock may be set back or forward at any time.
 */
export function monotonicMs(): number {
  return performance.now();
}

/** The maximum age of a time from a reporter that is accepted as true, in seconds: a year. */
const MAX_AGE_SECONDS = 366 * 86_400;

/**
 * Replaces an implausible time by the current time: a time in the future, a time more than a year ago, or
 * `NaN`.
 *
 * @param at the time that a reporter gave, in epoch seconds; may be `NaN`
 * @param now the current time, in epoch seconds
 */
export function plausibleTime(at: number, now: number): number {
  return at <= now && at > now - MAX_AGE_SECONDS ? at : now;
}
