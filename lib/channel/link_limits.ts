/**
 * The limits of a link and their defaults.
 *
 * @module
 */

/** The limits of a link; each a positive integer. */
export interface LinkLimits {
  /** The most messages in a batch. */
  readonly maxBatchMessages: number;
  /** The most characters in a batch; a longer message is sent as a batch of its own. */
  readonly maxBatchLength: number;
  /** The most unacknowledged batches in flight. Both ends must use the same value. */
  readonly windowBatches: number;
  /** The most messages that are queued or in flight. */
  readonly maxQueuedMessages: number;
  /** The most characters that are queued or in flight. */
  readonly maxQueuedLength: number;
  /** The link is congested while its backlog exceeds this, and until it has fallen to half of it. */
  readonly congestedMessages: number;
  /** How long to wait for an acknowledgement before the oldest batch is resent; doubles with every resend. */
  readonly resendAfterMs: number;
  /** The longest time between two resends. */
  readonly maxResendAfterMs: number;
}

/**
 * The defaults. 16 batches in flight are far more than a round trip needs, and the batches of sixteen busy
 * links still fit into the ring buffer of 256 messages that all isolates of a process share. Receiving a
 * batch of 64 KiB takes about 3 ms.
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
 * Applies the defaults and validates the limits.
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
