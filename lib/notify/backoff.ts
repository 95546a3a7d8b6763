/**
 * Computes the delay before a retry.
 *
 * @module
 */

/** The limits of the delay before a retry. */
export interface BackoffLimits {
  /** The delay after the first failure, in milliseconds. */
  readonly notifyRetryMs: number;
  /** The maximum delay before a retry, in milliseconds. */
  readonly notifyMaxRetryMs: number;
}

/**
 * Returns the delay before the next attempt. The delay doubles with every consecutive failure up to the
 * maximum, and is then multiplied by a random factor from 0.5 to 1, so that deliveries that fail at the same
 * time are not retried at the same time.
 *
 * @param failures the number of consecutive failures, from 1
 * @param limits the limits of the delay
 * @param random a number from 0 to 1 that selects the random factor
 * @returns the delay in milliseconds
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number = Math.random()): number {
  const { notifyRetryMs, notifyMaxRetryMs } = limits;
  const longest = Math.min(notifyRetryMs * 2 ** (failures - 1), notifyMaxRetryMs);
  return longest * (0.5 + random / 2);
}
