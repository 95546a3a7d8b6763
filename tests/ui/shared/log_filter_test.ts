import {
  ALL_LINES,
  filterParams,
  foundText,
  type LogFilter,
  matchesAll,
  readFilter,
} from "../../../ui/shared/log_filter.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("filterParams() and readFilter() are inverse, and unknown values are ignored", () => {
  const filters: readonly LogFilter[] = [
    ALL_LINES,
    { ...ALL_LINES, text: "a & b" },
    { text: "x", stream: "stderr", level: "warn" },
  ];
  for (const filter of filters) {
    assertEquals(readFilter(filterParams(filter)), filter);
    assertEquals(matchesAll(filter), filterParams(filter).size === 0);
  }
  assertEquals(readFilter(new URLSearchParams("stream=disk&level=bad&format=text")), ALL_LINES);
});

Deno.test("foundText() says how many lines match, and which were searched", () => {
  const found = { matches: 120, searched: 6_400, index: 2 };
  assertEquals(foundText(found, ALL_LINES, 0), "Match 3 of 120 in 6,400 lines");
  assertEquals(
    foundText(found, { text: "", stream: "stderr", level: "warn" }, 50),
    "Match 3 of 120 in 6,400 lines (only stderr, warn or worse); 50 older lines no longer kept",
  );
  assertEquals(foundText({ ...found, index: null }, ALL_LINES, 0), "120 matches in 6,400 lines");
  assertEquals(
    foundText({ matches: 0, searched: 1, index: null }, { ...ALL_LINES, level: "fatal" }, 0),
    "No match in 1 line (fatal)",
  );
});
