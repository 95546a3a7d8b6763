import { LogBook } from "../../../../lib/store/memory/log_book.ts";
import { assert, assertEquals, assertGreater } from "../../../support/assert.ts";

const X = (length: number) => [{ at: 1, text: "x".repeat(length) }];

/** How many lines a book has of a task. */
function countOf(book: LogBook, id: string): number {
  return book.read("c", id, 0, Infinity).lines.length;
}

Deno.test("LogBook.append() counts what was cut and deleted no longer", () => {
  const book = new LogBook({ logLinesPerTask: 2, logCharacters: 100 });
  // Far more than the bound over time, but never at once.
  for (let i = 0; i < 1_000; i++) {
    book.append("c", "short-lived", 0, X(40));
    book.delete("c", "short-lived");
    book.append("c", "kept", i, X(10));
  }
  book.append("c", "other", 0, X(40));
  assertEquals([countOf(book, "kept"), countOf(book, "other")], [2, 1]);
});

Deno.test("LogBook.append() keeps the log that is written, however long it is", () => {
  const book = new LogBook({ logLinesPerTask: 5, logCharacters: 10 });
  book.append("c", "quiet", 0, X(5));
  book.append("c", "loud", 0, X(500));
  assertEquals([countOf(book, "quiet"), countOf(book, "loud")], [0, 1]);
});

Deno.test("LogBook.append() forgets the logs that were quiet for longest where all are too many", () => {
  const book = new LogBook({ logLinesPerTask: 100, logCharacters: 1_000 });
  for (let i = 0; i < 20; i++) {
    book.append("c", `${i}`, 0, X(100));
    book.append("c", "0", i, X(1));
  }
  const kept = Array.from({ length: 20 }, (_, i) => i).filter((i) => countOf(book, `${i}`) > 0);
  const characters = kept.flatMap((i) => book.read("c", `${i}`, 0, 100).lines)
    .reduce((sum, { text }) => sum + text.length, 0);
  assert(characters <= 1_000, `${characters} characters are kept`);
  assertEquals(
    [kept[0], kept.at(-1), kept.includes(1)],
    [0, 19, false],
    "the log that was written last is kept",
  );
  assertGreater(kept.length, 3);
});

Deno.test("LogBook.read() gives lines by their numbers, also where the first ones are gone", () => {
  const book = new LogBook({ logLinesPerTask: 10, logCharacters: 1_000 });
  for (let i = 0; i < 100; i++) book.append("c", "1", i, [{ at: i, text: `${i}` }]);
  const numbers = (from: number, to: number) => {
    const { first, lines } = book.read("c", "1", from, to);
    return [first, ...lines.map(({ at }) => at)];
  };
  assertEquals(numbers(92, 95), [92, 92, 93, 94]);
  assertEquals(numbers(0, 92), [90, 90, 91]);
  assertEquals(numbers(98, 1_000), [98, 98, 99]);
  assertEquals(numbers(95, 95).slice(1), []);
  assertEquals(numbers(95, 20).slice(1), []);
  assertEquals(numbers(0, 50).slice(1), []);
  assertEquals(numbers(200, 300).slice(1), []);
});

Deno.test("LogBook.read() counts on where a log was forgotten in between", () => {
  const book = new LogBook({ logLinesPerTask: 10, logCharacters: 10 });
  book.append("c", "1", 0, X(5));
  book.append("c", "other", 0, X(10));
  book.append("c", "1", 1, X(5));
  assertEquals(book.read("c", "1", 0, 10), { first: 1, lines: X(5) });
});

Deno.test("LogBook.clear() and delete() forget, also what never was", () => {
  const book = new LogBook({ logLinesPerTask: 5, logCharacters: 100 });
  book.delete("c", "unknown");
  book.append("c", "1", 0, X(5));
  book.clear();
  assertEquals(book.read("c", "1", 3, 9), { first: 3, lines: [] });
  for (let i = 0; i < 10; i++) book.append("c", `${i}`, 0, X(10));
  assertEquals(countOf(book, "0"), 1, "what was cleared counts no longer");
});
