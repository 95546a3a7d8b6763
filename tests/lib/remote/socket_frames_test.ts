/** Tests the encoding and decoding of WebSocket frames. */

import fc from "fast-check";
import { ProtocolError } from "../../../lib/errors.ts";
import { SOCKET_OPCODE, SocketFrameReader, writeSocketFrame } from "../../../lib/remote/socket_frames.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const MOST = 100_000;

/** Encodes a frame as a server does, without a mask. */
function serverFrame(opcode: number, payload: Uint8Array, isFinal = true): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Uint8Array.from([(isFinal ? 0x80 : 0) | opcode, ...head, ...payload]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(124, 125, 126, 127, 65_535, 65_536, 70_000).map((length) => new Uint8Array(length).fill(7)),
);

Deno.test("SocketFrameReader decodes the same frames however the bytes are chunked", () => {
  const frames = fc.array(
    fc.oneof(
      fc.record({ opcode: fc.constantFrom(0, 1), isFinal: fc.boolean(), payload: payloads }),
      fc.record({
        opcode: fc.constantFrom(8, 9, 10),
        isFinal: fc.constant(true),
        payload: fc.uint8Array({ maxLength: 125 }),
      }),
    ),
    { maxLength: 6 },
  );
  fc.assert(fc.property(frames, fc.array(fc.nat(70_010), { maxLength: 8 }), (wanted, cuts) => {
    const bytes = joined(wanted.map(({ opcode, payload, isFinal }) => serverFrame(opcode, payload, isFinal)));
    const reader = new SocketFrameReader(MOST);
    const read = [];
    let start = 0;
    for (const end of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
      read.push(...reader.push(bytes.slice(start, end)));
      start = Math.max(start, Math.min(end, bytes.length));
    }
    assertEquals(
      read.map(({ opcode, isFinal, payload }) => ({ opcode, isFinal, payload: [...payload] })),
      wanted.map(({ opcode, isFinal, payload }) => ({ opcode, isFinal, payload: [...payload] })),
    );
  }));
});

Deno.test("writeSocketFrame() masks the payload", () => {
  const masks = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(fc.property(fc.constantFrom(1, 8, 9, 10), payloads, masks, (opcode, payload, mask) => {
    const bytes = writeSocketFrame(opcode, Uint8Array.from(payload), Uint8Array.from(mask));
    const plain = serverFrame(opcode, payload);
    const head = plain.length - payload.length;
    assertEquals(bytes.length, plain.length + 4);
    assertEquals([bytes[0], bytes[1]], [plain[0], plain[1]! | 0x80]);
    assertEquals([...bytes.slice(2, head)], [...plain.slice(2, head)]);
    assertEquals([...bytes.slice(head, head + 4)], [...mask]);
    assertEquals([...bytes.slice(head + 4)].map((byte, index) => byte ^ mask[index % 4]!), [...payload]);
  }));
});

Deno.test("SocketFrameReader throws for bytes that are not a server's frame, and for frames that are too long", () => {
  const wrong: readonly (readonly number[])[] = [
    [0x81, 0x85, 1, 2, 3, 4],
    [0xc1, 0],
    [0x91, 0],
    [0x89, 126, 0, 126],
    [0x08, 0],
    [0x81, 127, 0, 0, 0, 0, 0, 1, 0x86, 0xa1],
    [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255],
  ];
  for (const bytes of wrong) {
    const reader = new SocketFrameReader(MOST);
    assertThrows(() => reader.push(Uint8Array.from(bytes)), ProtocolError, "Cannot read frame");
  }
  assertEquals(
    new SocketFrameReader(MOST).push(serverFrame(SOCKET_OPCODE.text, new Uint8Array(MOST))).length,
    1,
  );
});
