/**
 * How long to wait after a failure.
 *
 * @module
 */

/** The bounds of a wait. */
export interface BackoffLimits {
  /** The wait after the first failure, in milliseconds. */
  readonly notifyRetryMs: number;
  /** The longest wait, in milliseconds. */
  readonly notifyMaxRetryMs: number;
}

/**
 * The wait after so many failures in a row: twice as long after each, up to a bound, and somewhere in the upper half of
 * that, so that those who failed together do not come back together.
 *
 * @param failures how many, from 1
 * @param limits the bounds
 * @param random a number from 0 to 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number = Math.random()): number {
  const { notifyRetryMs, notifyMaxRetryMs } = limits;
  const longest = Math.min(notifyRetryMs * 2 ** (failures - 1), notifyMaxRetryMs);
  return longest * (0.5 + random / 2);
}
