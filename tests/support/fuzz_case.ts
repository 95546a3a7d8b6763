/**
 * The type of a malformed request.
 *
 * @module
 */

/** A malformed request, and the WebSocket frames that follow it. */
export interface FuzzCase {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The frames to send after the response, if the response is an upgrade to a WebSocket. */
  readonly frames: readonly Uint8Array<ArrayBuffer>[];
  /** Whether the request is complete, so that the server must respond. */
  readonly isWhole: boolean;
}
