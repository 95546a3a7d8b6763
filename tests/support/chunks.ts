/**
 * Generates program output, and splits it into chunks.
 *
 * @module
 */

import fc from "fast-check";

/** The pieces of random output: words, control characters, escape sequences, parts of progress bars, invalid bytes. */
const PIECES = [
  ...["a", "word", " ", "\t", "\n", "\n", "\r", "\r", "\r\n", "\b", "\x07", "\0", "é", "━", "😀", "\ufeff"],
  ...["\x1b[0m", "\x1b[A", "\x1b[2A", "\x1b[B", "\x1b[K", "\x1b[2K", "\x1b[G", "\x1b[H", "\x1b[J", "\x1b[2J"],
  ...[
    "\x1b7",
    "\x1b8",
    "\x1b[s",
    "\x1b[u",
    "\x1b]0;t\x07",
    "\x1b]0;t\x1b\\",
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x9b",
  ],
  ...["42%", "3/17", "3 of 17", "1.2/3.4 MB", "[ 42%] a", '{"progress":4}', "tar: Write checkpoint 7"],
  ...[
    "  Duration: 00:00:10.00, ",
    "size= 1kB time=00:00:01.00 bitrate=",
    "x:   5% (1/20)",
    "a: 5%|# | 1/20 [00:01<",
  ],
];

const encoder = new TextEncoder();

/** Random output of a program. */
export const output: fc.Arbitrary<Uint8Array> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...PIECES).map((text) => encoder.encode(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }) },
  ),
  { maxLength: 60, size: "max" },
).map(joined);

/** Random output, and the same bytes split into random chunks. */
export const cutOutput: fc.Arbitrary<readonly [Uint8Array, Uint8Array[]]> = output.chain((bytes) =>
  fc.array(fc.nat(bytes.length), { maxLength: 20 }).map((cuts) => [bytes, cutAt(bytes, cuts)] as const)
);

/** Splits bytes at the given positions. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, index) => bytes.slice(places[index], place));
}

/** Splits bytes into chunks of one byte each. */
export function singly(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
