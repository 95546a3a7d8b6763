/**
 * Computes the delay before a retry.
 *
 * @module
 */

/** The limits of the delay. */
export interface BackoffLimits {
  /** The delay after the first failure, in milliseconds. */
  readonly notifyRetryMs: number;
  /** The longest delay, in milliseconds. */
  readonly notifyMaxRetryMs: number;
}

/**
 * Returns the delay before the next attempt. It doubles with every consecutive failure up to the maximum;
 * then a random 50 to 100 % of it is taken, so that simultaneous failures are not retried simultaneously.
 *
 * @param failures the number of consecutive failures, from 1
 * @param limits the limits of the delay
 * @param random a number from 0 to 1
 * @returns the delay in milliseconds
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number = Math.random()): number {
  const { notifyRetryMs, notifyMaxRetryMs } = limits;
  const longest = Math.min(notifyRetryMs * 2 ** (failures - 1), notifyMaxRetryMs);
  return longest * (0.5 + random / 2);
}
