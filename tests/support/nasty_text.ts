/**
 * Generates text that attacks programs that display it: markup, scripts, escape sequences.
 *
 * @module
 */

import fc from "fast-check";

const PIECES = [
  "\x1b[31m",
  "\x1b[2J",
  "\x1b[",
  "\x9b1A",
  "\x1b]0;title\x07",
  "\x1b]8;;http://evil.example\x1b\\",
  "\x1b]52;c;",
  "\x1bP1$r",
  "\x1b",
  "\x1bc",
  "\x07",
  "\x08",
  "\r\n",
  "\t",
  "\u0085",
  "\u2028",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ufeff",
  "\ud83d",
  "\udc4d",
  "👩‍👩‍👧",
  "❤️",
  "🇨🇭",
  "é",
  "e\u0301",
  "한",
  "日本語",
  "ｗ",
  "█",
  "[",
  "m",
  " ",
] as const;

/** Random text, including markup and terminal escape sequences. */
export function nastyText(maxLength = 40): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...PIECES),
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.string({ maxLength: 8 }),
  );
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(""));
}
