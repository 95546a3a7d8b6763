import { SideBook } from "../../../../lib/store/memory/side_book.ts";
import { HISTORY, LAUNCHES, LOG_LINES, PROGRESS_HISTORY } from "../../../../lib/store/side_tables.ts";
import type { NumberedLine, StoredHistoryEntry } from "../../../../lib/store/side_tables.ts";
import type { ProgressPoint } from "../../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater } from "../../../support/assert.ts";
import { entry } from "../../../support/store_model.ts";

/** The places of tasks. */
const [SHORT_LIVED, KEPT, OTHER, QUIET, LOUD, LONG, UNKNOWN] = [101, 102, 103, 104, 105, 106, 107] as const;

function logBook(perTask: number, total: number): SideBook<NumberedLine> {
  return new SideBook(LOG_LINES, { perTask, total });
}

function historyBook(perTask: number, total: number): SideBook<StoredHistoryEntry> {
  return new SideBook(HISTORY, { perTask, total });
}

/** Creates a log line of the given length. */
function x(length: number, number = 0): NumberedLine[] {
  return [{ number, at: 1, text: "x".repeat(length) }];
}

function note(version: number, isState = false): StoredHistoryEntry[] {
  return [{ entry: entry(version), isState }];
}

function versions(book: SideBook<StoredHistoryEntry>, place: number): number[] {
  return book.read(place).map(({ entry }) => entry.version);
}

function points(count: number): ProgressPoint[] {
  return Array.from({ length: count }, (_, index) => [index, index]);
}

Deno.test("SideBook.put() keeps all permanent entries, and only the newest other entries", () => {
  const book = historyBook(3, 1_000);
  for (let version = 1; version <= 100; version++) book.put(1, note(version, version % 25 === 0));
  assertEquals(versions(book, 1), [25, 50, 75, 97, 98, 99, 100]);
  assertEquals(versions(book, UNKNOWN), []);
});

Deno.test("SideBook.put() does not count entries that were dropped or deleted towards its limit", () => {
  const book = logBook(2, 340);
  // In total, the entries are far larger than the limit, but those that exist at the same time never are.
  for (let i = 0; i < 1_000; i++) {
    book.put(SHORT_LIVED, x(40));
    book.delete(SHORT_LIVED);
    book.put(KEPT, x(10, i));
  }
  book.put(OTHER, x(40));
  assertEquals([book.read(KEPT).length, book.read(OTHER).length], [2, 1]);
});

Deno.test("SideBook.put() does not count entries that were dropped between permanent ones towards its limit", () => {
  const book = historyBook(2, 10);
  for (let version = 1; version <= 1_000; version++) {
    book.put(SHORT_LIVED, note(version));
    book.delete(SHORT_LIVED);
    book.put(KEPT, note(version));
  }
  book.put(OTHER, note(1, true));
  assertEquals([versions(book, KEPT), versions(book, OTHER)], [[999, 1_000], [1]]);
});

Deno.test("SideBook.put() keeps the entries that it has just written, however large they are", () => {
  const book = logBook(5, 10);
  book.put(QUIET, x(5));
  book.put(LOUD, x(500));
  assertEquals([book.read(QUIET).length, book.read(LOUD).length], [0, 1]);
});

Deno.test("SideBook.put() counts log lines without text, alone and among others", () => {
  const lines = (count: number, text: string): NumberedLine[] =>
    Array.from({ length: count }, (_, number) => ({ number, at: 1, text }));
  for (const text of ["", " ", "x".repeat(30)]) {
    const book = logBook(1_000, 20_000);
    for (let task = 0; task < 100; task++) book.put(task, lines(100, text));
    const kept = Array.from({ length: 100 }, (_, task) => book.read(task).length).reduce((a, b) => a + b);
    assert(kept > 0 && kept <= 300, `${kept} lines of ${text.length} characters are kept`);
  }
});

Deno.test("SideBook.put() drops the entries of the tasks that were written least recently", () => {
  const book = logBook(100, 2_800);
  for (let i = 0; i < 20; i++) {
    book.put(i, x(100));
    book.put(0, x(1, i));
  }
  const kept = Array.from({ length: 20 }, (_, i) => i).filter((i) => book.read(i).length > 0);
  const characters = kept.flatMap((i) => book.read(i)).reduce((sum, { text }) => sum + text.length, 0);
  assert(characters <= 1_000, `${characters} characters are kept`);
  assertEquals([kept[0], kept.at(-1), kept.includes(1)], [0, 19, false]);
  assertGreater(kept.length, 3);
});

Deno.test("SideBook.put() drops the histories that were written least recently, but never the one being written", () => {
  const book = historyBook(100, 10);
  for (let i = 0; i < 8; i++) {
    for (const version of [1, 2]) book.put(i, note(version));
    book.put(0, note(10 + i));
  }
  assertEquals(versions(book, 0).at(-1), 17);
  assertEquals([versions(book, 1), versions(book, 7)], [[], [1, 2]]);
  for (let version = 1; version <= 50; version++) book.put(LONG, note(version, true));
  assertEquals([versions(book, LONG).length, versions(book, 0)], [50, []]);
});

Deno.test("SideBook.put() replaces a task's entry if a task can have only one", () => {
  const book = new SideBook(PROGRESS_HISTORY, { perTask: 1, total: 10 });
  const lengths = () => [1, 2, 3].map((place) => book.read(place)[0]?.length ?? 0);
  book.put(1, [points(4)]);
  book.put(2, [points(4)]);
  book.put(1, [points(5)]);
  assertEquals(lengths(), [5, 4, 0]);
  book.put(3, [points(5)]);
  assertEquals(lengths(), [5, 0, 5]);
  book.put(2, [points(99)]);
  assertEquals(lengths(), [0, 99, 0]);
  book.delete(2);
  book.put(1, [points(5)]);
  book.put(3, [points(5)]);
  assertEquals(lengths(), [5, 0, 5], "deleted entries do not count towards the limit");
  book.clear();
  assertEquals(lengths(), [0, 0, 0]);
});

Deno.test("SideBook.put() keeps one launch for every task", () => {
  const book = new SideBook(LAUNCHES, { perTask: 1, total: Infinity });
  for (let task = 0; task < 1_000; task++) book.put(task, [{ name: "job", args: [task] }]);
  assertEquals([book.read(0), book.read(999)], [[{ name: "job", args: [0] }], [{
    name: "job",
    args: [999],
  }]]);
});

Deno.test("SideBook.read() finds entries by key, even if the first ones were dropped", () => {
  const book = logBook(10, 1_000);
  for (let i = 0; i < 100; i++) book.put(1, [{ number: i, at: i, text: `${i}` }]);
  const numbers = (from: number, to: number, most?: number) =>
    book.read(1, { from, to, ...(most !== undefined && { most }) }).map(({ number }) => number);
  assertEquals(numbers(92, 95), [92, 93, 94]);
  assertEquals(numbers(0, 92), [90, 91]);
  assertEquals(numbers(98, 1_000), [98, 99]);
  assertEquals([numbers(0, Infinity, 2), numbers(0, 91, 2), numbers(0, Infinity, 0)], [[90, 91], [90], []]);
  for (const [from, to] of [[95, 95], [95, 20], [0, 50], [200, 300]] as const) {
    assertEquals(numbers(from, to), []);
  }
});

Deno.test("SideBook.read() returns the entries that were written after a task's earlier entries were dropped", () => {
  const book = logBook(10, 10);
  book.put(1, x(5));
  book.put(OTHER, x(10));
  book.put(1, x(5, 1));
  assertEquals(book.read(1, { from: 0, to: 10 }), x(5, 1));
});

Deno.test("SideBook.clear() and delete() drop entries, and ignore unknown tasks", () => {
  const book = logBook(5, 800);
  book.delete(UNKNOWN);
  book.put(1, x(5));
  book.clear();
  assertEquals(book.read(1), []);
  for (let i = 0; i < 10; i++) book.put(i, x(10));
  assertEquals(book.read(0).length, 1, "cleared entries no longer count");
});
