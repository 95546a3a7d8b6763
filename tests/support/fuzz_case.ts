/**
 * A request that makes little sense.
 *
 * @module
 */

/** One thing to send. */
export interface FuzzCase {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Sent after the answer, where that is an upgrade. */
  readonly frames: readonly Uint8Array<ArrayBuffer>[];
  /** Whether it is a whole request, so that something has to come back. */
  readonly isWhole: boolean;
}
