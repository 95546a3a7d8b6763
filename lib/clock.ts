/**
 * Reads the wall clock in seconds, the unit of task records, and the monotonic clock, which measures durations.
 *
 * @module
 */

/** Returns the current time in seconds since the epoch. */
export function now(): number {
  return Date.now() / 1000;
}

/**
 * Returns the milliseconds since some moment in the past, by a clock that nobody sets. Waits and limits are measured
 * by it, because the wall clock may be set back or forward at any time.
 */
export function monotonicMs(): number {
  return performance.now();
}
