import { HistoryBook } from "../../../../lib/store/memory/history_book.ts";
import { assertEquals } from "../../../support/assert.ts";
import { entry } from "../../../support/store_model.ts";

function versions(book: HistoryBook, id: string): number[] {
  return book.read("c", id).map(({ version }) => version);
}

Deno.test("HistoryBook.append() keeps every state, and the newest of the rest", () => {
  const book = new HistoryBook({ historyPerTask: 3, historyEntries: 1_000 });
  for (let version = 1; version <= 100; version++) book.append("c", "1", entry(version), version % 25 === 0);
  assertEquals(versions(book, "1"), [25, 50, 75, 97, 98, 99, 100]);
  assertEquals(versions(book, "unknown"), []);
});

Deno.test("HistoryBook.append() counts what was cut and deleted no longer", () => {
  const book = new HistoryBook({ historyPerTask: 2, historyEntries: 10 });
  for (let version = 1; version <= 1_000; version++) {
    book.append("c", "short-lived", entry(version), false);
    book.delete("c", "short-lived");
    book.append("c", "kept", entry(version), false);
  }
  book.append("c", "other", entry(1), true);
  assertEquals([versions(book, "kept"), versions(book, "other")], [[999, 1_000], [1]]);
});

Deno.test("HistoryBook.append() forgets the histories that were quiet for longest, but not the one that is written", () => {
  const book = new HistoryBook({ historyPerTask: 100, historyEntries: 10 });
  for (let i = 0; i < 8; i++) {
    for (const version of [1, 2]) book.append("c", `${i}`, entry(version), false);
    book.append("c", "0", entry(10 + i), false);
  }
  assertEquals(versions(book, "0").at(-1), 17);
  assertEquals([versions(book, "1"), versions(book, "7")], [[], [1, 2]]);
  for (let version = 1; version <= 50; version++) book.append("c", "long", entry(version), true);
  assertEquals([versions(book, "long").length, versions(book, "0")], [50, []]);
});

Deno.test("HistoryBook.clear() and delete() forget, also what never was", () => {
  const book = new HistoryBook({ historyPerTask: 5, historyEntries: 5 });
  book.delete("c", "unknown");
  book.append("c", "1", entry(1), true);
  book.clear();
  assertEquals(versions(book, "1"), []);
  for (let i = 0; i < 5; i++) book.append("c", `${i}`, entry(1), true);
  assertEquals(versions(book, "0"), [1], "what was cleared counts no longer");
});
