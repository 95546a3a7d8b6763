/**
 * The wall clock in the unit of task records: seconds.
 *
 * @module
 */

/** Returns the current time in seconds since the epoch. */
export function now(): number {
  return Date.now() / 1000;
}
