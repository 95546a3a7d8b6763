import fc from "fast-check";
import { escapeEnd } from "../../../lib/reading/escapes.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("escapeEnd() finds the end of an escape sequence", () => {
  const whole = [
    ...["\x1b[0m", "\x1b[1;31m", "\x1b[2K", "\x1b[?25l", "\x1b[38:5:1m", "\x1b[ q", "\x1b[24;0f", "\x1b[m"],
    ...["\x1b]0;a title\x07", "\x1b]8;;http://x/\x1b\\", "\x1bPq#0\x1b\\", "\x1b_x\x07", "\x1b]\x07"],
    ...["\x1b7", "\x1b8", "\x1bc", "\x1b(B", "\x1b#8", "\x1b="],
  ];
  for (const sequence of whole) {
    assertEquals(escapeEnd(`ab${sequence}cd`, 2), 2 + sequence.length, JSON.stringify(sequence));
    for (let length = 1; length < sequence.length; length++) {
      assertEquals(escapeEnd(sequence.slice(0, length), 0), -1, JSON.stringify(sequence.slice(0, length)));
    }
  }
});

Deno.test("escapeEnd() ends an invalid sequence at its first invalid character, and an endless one at a limit", () => {
  const table: [string, number][] = [
    ["\x1b\n", 1],
    ["\x1b\x1b[0m", 1],
    ["\x1b[1\n", 3],
    ["\x1b[1é", 3],
    ["\x1b(\n", 2],
    ["\x1b]0;title\nmore\x07", 9],
    ["\x1b]0;title\x1b[0m", 9],
    [`\x1b[${"1".repeat(100)}m`, 64],
    [`\x1b(${"(".repeat(100)}B`, 64],
    [`\x1b]${"x".repeat(5_000)}\x07`, 4_096],
  ];
  for (const [text, end] of table) assertEquals(escapeEnd(text, 0), end, JSON.stringify(text.slice(0, 20)));
});

Deno.test("escapeEnd() returns the same end for any longer text, once it has found one", () => {
  const texts = fc.string({ unit: fc.constantFrom("\x1b", "[", "]", "1", ";", "m", "\\", "\x07", "(", "é") });
  fc.assert(fc.property(texts, texts, (text, more) => {
    const end = escapeEnd(`\x1b${text}`, 0);
    if (end === -1) return;
    assert(end > 0 && end <= text.length + 1);
    assertEquals(escapeEnd(`\x1b${text}${more}`, 0), end);
  }));
});
