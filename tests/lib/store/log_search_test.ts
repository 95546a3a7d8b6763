/** Compares `LogSearch` with a simple implementation that filters all lines. */

import fc from "fast-check";
import { type LogMatches, type LogQuery, LogSearch } from "../../../lib/store/log_search.ts";
import type { NumberedLine } from "../../../lib/store/side_tables.ts";
import { assertEquals } from "../../support/assert.ts";

const query: fc.Arbitrary<LogQuery> = fc.record({
  text: fc.constantFrom("a", "A", "ab", "é", "x", ""),
  from: fc.nat(40),
  to: fc.nat(40),
  most: fc.integer({ min: 1, max: 8 }),
  keep: fc.constantFrom("oldest", "newest"),
});

const text = fc.array(fc.constantFrom("a", "b", "A", "É", "\x1b[31m", " "), { maxLength: 6 })
  .map((parts) => parts.join(""));

function expected(lines: readonly NumberedLine[], { text, from, to, most, keep }: LogQuery): LogMatches {
  const matching = lines.filter((line) =>
    line.text.replaceAll("\x1b[31m", "").toLowerCase().includes(text.toLowerCase())
  );
  const inRange = matching.filter(({ number }) => number >= from && number < to);
  const wanted = keep === "oldest" ? inRange.slice(0, most) : inRange.slice(-most);
  const before = matching.filter(({ number }) => number < from).length;
  const index = before + (keep === "oldest" ? 0 : inRange.length - wanted.length);
  return { lines: wanted, index, matches: matching.length, searched: lines.length };
}

Deno.test("LogSearch returns the next matches, without reading lines before and after them", () => {
  fc.assert(
    fc.property(fc.nat(10), fc.array(text, { maxLength: 40 }), query, (first, texts, query) => {
      const lines = texts.map((text, index) => ({ number: first + index, at: index, text }));
      const search = new LogSearch({ ...query, keep: "next" });
      for (const line of lines.filter(({ number }) => number >= search.start)) {
        if (!search.isDone) search.add(line);
      }
      assertEquals(search.result().lines, expected(lines, { ...query, keep: "oldest" }).lines);
    }),
  );
});

Deno.test("LogSearch returns the oldest or newest matches in a range, and counts all matches", () => {
  fc.assert(
    fc.property(fc.nat(10), fc.array(text, { maxLength: 40 }), query, (first, texts, query) => {
      const lines = texts.map((text, index) => ({ number: first + index, at: index, text }));
      const search = new LogSearch(query);
      for (const line of lines) search.add(line);
      assertEquals(search.result(), expected(lines, query));
    }),
    { numRuns: 1_000 },
  );
});
