import fc from "fast-check";
import { fitText, padText, plainText, textWidth } from "../../../lib/text/terminal_text.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { nastyText } from "../../support/nasty_text.ts";

Deno.test("plainText() keeps harmless text, and removes escape sequences and control characters", () => {
  const table: [string, string][] = [
    ["Reading a.txt", "Reading a.txt"],
    ["日本語 · é · 👩‍👩‍👧 · שלום", "日本語 · é · 👩‍👩‍👧 · שלום"],
    ["\x1b[1;31mred\x1b[0m", "red"],
    ["\x9b31mred\x9b0m", "red"],
    ["\x1b]0;a title\x07name", "name"],
    ["\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["\x1bPq#0;2\x1b\\after", "after"],
    ["\x1b(B\x1b7\x1b=\x1bcreset", "reset"],
    ["\x1b]52;c;never ends", "�]52;c;never ends"],
    ["\x1b[\x1b[31m31mjoined", "�[31mjoined"],
    ["10%\r42%\r\n\tdone\v", "10% 42% done"],
    ["a\u0085b\u2028c\u00a0d\u3000e", "a b c d e"],
    ["bell\x07back\x08null\0del\x7f", "bell�back�null�del�"],
    ["\u202egpj.exe\u202c \u2066x\u2069 soft\u00adhyphen zero\u200bwidth", "gpj.exe x softhyphen zerowidth"],
    ["a \u2066 b", "a b"],
    ["half \ud83d of a pair", "half � of a pair"],
    ["e\u0301", "é"],
    ["   ", ""],
  ];
  for (const [text, expected] of table) assertEquals(plainText(text), expected, JSON.stringify(text));
});

Deno.test("plainText() reads at most the given number of characters", () => {
  assertEquals(plainText("abcdef", 3), "abc…");
  assertEquals(plainText("abc", 3), "abc");
  assertEquals(plainText("x".repeat(100_000)).length, 1_025);
});

Deno.test("plainText() returns no control character, lone surrogate or bidirectional override, and is idempotent", () => {
  fc.assert(fc.property(nastyText(), (text) => {
    const plain = plainText(text);
    assert(!/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/u.test(plain), plain);
    assertEquals(plainText(plain), plain, "sanitised text stays the same");
  }));
});

Deno.test("textWidth() counts the columns that characters take up in a terminal", () => {
  const table: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["x\u0323\u0301", 1],
    ["日本", 4],
    ["한국", 4],
    ["ｗｉｄｅ", 8],
    ["█░·…—", 5],
    ["😀", 2],
    ["🇨🇭", 2],
    ["❤", 1],
    ["❤️", 2],
    ["⌚", 2],
    ["𠮷", 2],
    ["שלום", 4],
    ["�", 1],
  ];
  for (const [text, width] of table) assertEquals(textWidth(text), width, text);
});

Deno.test("fitText() truncates between grapheme clusters", () => {
  const table: [string, number, string][] = [
    ["abcdef", 6, "abcdef"],
    ["abcdef", 5, "abcd…"],
    ["abcdef", 1, "…"],
    ["abcdef", 0, ""],
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["日本語", 1, "…"],
    ["ae\u0301\u0323i", 2, "a…"],
    ["🇨🇭🇯🇵", 3, "🇨🇭…"],
    ["🇨🇭🇯🇵", 2, "…"],
  ];
  for (const [text, width, expected] of table) {
    assertEquals(fitText(text, width), expected, `${text} in ${width}`);
  }
});

Deno.test("fitText() stays within the width, and padText() fills it", () => {
  fc.assert(fc.property(nastyText(), fc.nat(60), fc.boolean(), (text, width, toRight) => {
    const plain = plainText(text);
    const fitting = fitText(plain, width);
    assertLessOrEqual(textWidth(fitting), width);
    if (textWidth(plain) <= width) assertEquals(fitting, plain);
    assertEquals(textWidth(padText(plain, width, toRight)), width);
  }));
});
