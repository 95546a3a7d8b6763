import { enclosed, LongText, TextReader } from "../../../lib/hub/long_text.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";

function partsOf(text: string | LongText, length: number): string[] {
  const reader = new TextReader(text);
  const parts: string[] = [];
  while (!reader.isAtEnd) parts.push(reader.next(length));
  return parts;
}

Deno.test("LongText consists of its pieces in order, and shares them with the texts that contain it", () => {
  const inner = new LongText("[", ["a", ",", "b"], "]");
  const outer = enclosed("{", inner, "}\n");
  assertEquals([`${inner}`, inner.length, `${outer}`, outer.length], ["[a,b]", 5, "{[a,b]}\n", 8]);
  assertStrictEquals((outer as LongText).pieces, inner.pieces);
  assertEquals(enclosed("<", "text", ">"), "<text>");
});

Deno.test("TextReader.next() returns parts of the length, across pieces and without splitting surrogate pairs", () => {
  const text = new LongText("", ["ab", "", "c\u{1f600}d", "e"], "");
  for (let length = 1; length <= text.length + 1; length++) {
    const parts = partsOf(text, length);
    assertEquals(parts.join(""), "abc\u{1f600}de");
    assertEquals(parts.filter((part) => !part.isWellFormed() || part.length > length + 1), []);
    assertEquals(partsOf(`${text}`, length), parts);
  }
  const reader = new TextReader(text);
  reader.skip(3);
  assertEquals([reader.position, reader.next(3), reader.position], [3, "\u{1f600}d", 6]);
  assertEquals(partsOf(text, 3), ["abc", "\u{1f600}d", "e"]);
  assertEquals([partsOf("", 5), partsOf(new LongText("", [], ""), 5)], [[], []]);
});
