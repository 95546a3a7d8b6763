/**
 * Reads the wall clock in seconds, the unit of task records.
 *
 * @module
 */

/** Returns the current time in seconds since the epoch. */
export function now(): number {
  return Date.now() / 1000;
}
