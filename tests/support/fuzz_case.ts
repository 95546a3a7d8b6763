/**
 * The type of a malformed request.
 *
 * @module
 */

/** A request, and what follows it. */
export interface FuzzCase {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Frames sent after the response if that is an upgrade. */
  readonly frames: readonly Uint8Array<ArrayBuffer>[];
  /** Whether the request is complete, so that the server must respond. */
  readonly isWhole: boolean;
}
