import { LogBook } from "../../../lib/store/log_book.ts";
import { assertEquals } from "../../support/assert.ts";

const X = (length: number) => [{ at: 1, text: "x".repeat(length) }];

Deno.test("LogBook.append() counts what was cut and deleted no longer", () => {
  const book = new LogBook({ logLinesPerTask: 2, logCharacters: 100 });
  // Far more than the bound over time, but never at once.
  for (let i = 0; i < 1_000; i++) {
    book.append("c", "short-lived", X(40));
    book.delete("c", "short-lived");
    book.append("c", "kept", X(10));
  }
  book.append("c", "other", X(40));
  assertEquals(book.read("c", "kept").length, 2);
  assertEquals(book.read("c", "other").length, 1);
});

Deno.test("LogBook.append() keeps the log that is written, however long it is", () => {
  const book = new LogBook({ logLinesPerTask: 5, logCharacters: 10 });
  book.append("c", "quiet", X(5));
  book.append("c", "loud", X(500));
  assertEquals([book.read("c", "quiet").length, book.read("c", "loud").length], [0, 1]);
});

Deno.test("LogBook.clear() and delete() forget, also what never was", () => {
  const book = new LogBook({ logLinesPerTask: 5, logCharacters: 100 });
  book.delete("c", "unknown");
  book.append("c", "1", X(5));
  book.clear();
  assertEquals(book.read("c", "1"), []);
  for (let i = 0; i < 10; i++) book.append("c", `${i}`, X(10));
  assertEquals(book.read("c", "0").length, 1, "what was cleared counts no longer");
});
