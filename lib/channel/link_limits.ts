/**
 * The limits of a link and their defaults.
 *
 * @module
 */

/** The limits of a link; each a positive integer. */
export interface LinkLimits {
  /** The maximum number of messages in a batch. */
  readonly maxBatchMessages: number;
  /** The maximum number of characters in a batch; a longer message is sent as a batch of its own. */
  readonly maxBatchLength: number;
  /** The maximum number of unacknowledged batches in flight. Both ends of a link must use the same value. */
  readonly windowBatches: number;
  /** The maximum number of messages that are queued or in flight. */
  readonly maxQueuedMessages: number;
  /** The maximum number of characters that are queued or in flight. */
  readonly maxQueuedLength: number;
  /**
   * The backlog, in messages, above which the link is congested; it remains congested until the backlog has
   * fallen to half of this number.
   */
  readonly congestedMessages: number;
  /** The backlog, in characters, above which the link is congested; like `congestedMessages` otherwise. */
  readonly congestedLength: number;
  /**
   * How long to wait for an acknowledgement before the oldest batch is resent, in milliseconds; doubles with
   * every resend.
   */
  readonly resendAfterMs: number;
  /** The maximum time between two resends, in milliseconds. */
  readonly maxResendAfterMs: number;
}

/**
 * The default limits. 16 batches in flight are far more than a round trip needs, and the batches of sixteen
 * busy links still fit into the ring buffer of 256 messages that all isolates of a process share. Receiving a
 * batch of 64 KiB takes about 3 ms.
 */
const LINK_LIMITS: LinkLimits = {
  maxBatchMessages: 500,
  maxBatchLength: 65_536,
  windowBatches: 16,
  maxQueuedMessages: 250_000,
  maxQueuedLength: 64 * 1024 * 1024,
  congestedMessages: 10_000,
  congestedLength: 4 * 1024 * 1024,
  resendAfterMs: 100,
  maxResendAfterMs: 2_000,
};

/**
 * Merges limits with the defaults, and validates them.
 *
 * @throws {RangeError} if a limit is not a positive integer
 */
export function resolveLinkLimits(given: Partial<LinkLimits> = {}): LinkLimits {
  const limits = { ...LINK_LIMITS, ...given };
  for (const [name, limit] of Object.entries(limits)) {
    if (Number.isSafeInteger(limit) && limit >= 1) continue;
    throw new RangeError(
      `Cannot create link: "${name}" must be a positive integer, received ${limit}`,
    );
  }
  return limits;
}
