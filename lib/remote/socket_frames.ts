/**
 * Encodes and decodes WebSocket frames (RFC 6455, section 5) for a client.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** The opcodes of the frame types that this client uses. */
export const SOCKET_OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

/** The maximum payload of a control frame, in bytes. */
const CONTROL_BYTES = 125;

/** A decoded frame. */
export interface SocketFrame {
  readonly opcode: number;
  /** Whether the frame is the last one of its message. */
  readonly isFinal: boolean;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/**
 * Encodes a frame.
 *
 * @param opcode the frame type
 * @param payload the payload
 * @param mask four random bytes that mask the payload. Masking is mandatory for clients, because it prevents
 * proxies from misreading the payload
 * @returns the encoded frame
 */
export function writeSocketFrame(
  opcode: number,
  payload: Uint8Array<ArrayBuffer>,
  mask: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const bytes = new Uint8Array(head + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head === 8) view.setUint16(2, length);
  if (head === 14) view.setBigUint64(2, BigInt(length));
  bytes.set(mask, head - 4);
  for (let index = 0; index < length; index++) {
    bytes[head + index] = payload[index]! ^ mask[index & 3]!;
  }
  return bytes;
}

/** Decodes frames from a server, in chunks of any size. */
export class SocketFrameReader {
  readonly #maxBytes: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** The number of bytes at the start of `#bytes` that are not decoded yet. */
  #length = 0;

  /** @param maxBytes the maximum payload to accept, in bytes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Decodes the frames that a chunk completes.
   *
   * @param bytes the next chunk
   * @returns the completed frames, in order
   * @throws {ProtocolError} if the bytes are not frames from a server, or a payload is too long
   */
  push(bytes: Uint8Array<ArrayBuffer>): SocketFrame[] {
    this.#append(bytes);
    const all = this.#bytes.subarray(0, this.#length);
    const frames: SocketFrame[] = [];
    let start = 0;
    for (let end = this.#endOf(all, start, frames); end !== null;) {
      start = end;
      end = this.#endOf(all, start, frames);
    }
    this.#length -= start;
    // If no bytes are left, the buffer is released, because most connections are idle.
    if (this.#length === 0) this.#bytes = new Uint8Array();
    else this.#bytes.copyWithin(0, start, all.length);
    return frames;
  }

  /** Appends a chunk. The buffer doubles, so that a frame in many small chunks is not copied with each of them. */
  #append(bytes: Uint8Array<ArrayBuffer>): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** Decodes the frame at `start`; returns the index of its end, or `null` if the frame is incomplete. */
  #endOf(bytes: Uint8Array<ArrayBuffer>, start: number, frames: SocketFrame[]): number | null {
    const available = bytes.length - start;
    if (available < 2) return null;
    const view = new DataView(bytes.buffer, start);
    const first = view.getUint8(0);
    const second = view.getUint8(1);
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) {
      throw new ProtocolError("Cannot read frame: it is masked or uses an extension");
    }
    const head = second === 127 ? 10 : second === 126 ? 4 : 2;
    if (available < head) return null;
    const length = second === 127
      ? Number(view.getBigUint64(2))
      : second === 126
      ? view.getUint16(2)
      : second;
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    const isControl = opcode >= SOCKET_OPCODE.close;
    if (length > (isControl ? CONTROL_BYTES : this.#maxBytes) || (isControl && !isFinal)) {
      throw new ProtocolError(`Cannot read frame: its payload of ${length} bytes is too long`);
    }
    if (available < head + length) return null;
    const end = start + head + length;
    frames.push({ opcode, isFinal, payload: bytes.slice(start + head, end) });
    return end;
  }
}
