/**
 * The bounds of a link.
 *
 * @module
 */

/** The bounds of a link; whole numbers from 1. */
export interface LinkLimits {
  /** Most messages in a batch. */
  readonly maxBatchMessages: number;
  /** Most characters in a batch; a longer message is a batch of its own. */
  readonly maxBatchLength: number;
  /** Most batches on their way without an acknowledgement. Both sides want the same. */
  readonly windowBatches: number;
  /** Most messages that wait or are on their way. */
  readonly maxQueuedMessages: number;
  /** Most characters that wait or are on their way. */
  readonly maxQueuedLength: number;
  /** A backlog above this is congestion, until half of it is left. */
  readonly congestedMessages: number;
  /** How long nothing is acknowledged before the oldest batch is repeated; doubles with every repeat. */
  readonly resendAfterMs: number;
  /** The longest time between two repeats. */
  readonly maxResendAfterMs: number;
}

/**
 * The bounds where none were given. 16 batches on their way are far more than a round trip needs, and the batches of
 * sixteen busy links still fit into the 256 places that all isolates of a process share. A batch of 64 KiB takes its
 * receiver about 3 ms.
 */
const LINK_LIMITS: LinkLimits = {
  maxBatchMessages: 500,
  maxBatchLength: 65_536,
  windowBatches: 16,
  maxQueuedMessages: 250_000,
  maxQueuedLength: 64 * 1024 * 1024,
  congestedMessages: 10_000,
  resendAfterMs: 100,
  maxResendAfterMs: 2_000,
};

/**
 * Fills in the bounds that were not given.
 *
 * @throws {RangeError} where a bound is not a whole number from 1
 */
export function resolveLinkLimits(given: Partial<LinkLimits> = {}): LinkLimits {
  const limits = { ...LINK_LIMITS, ...given };
  for (const [name, limit] of Object.entries(limits)) {
    if (Number.isSafeInteger(limit) && limit >= 1) continue;
    throw new RangeError(
      `Cannot create link: wanted "${name}" to be a whole number from 1, received ${limit}`,
    );
  }
  return limits;
}
