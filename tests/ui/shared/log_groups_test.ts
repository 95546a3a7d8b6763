import fc from "fast-check";
import {
  foldsOf,
  groupsAround,
  groupsOf,
  isHidden,
  type Lines,
  type MarkLine,
  mergedLines,
  shownLine,
  visibleCount,
} from "../../../ui/shared/log_groups.ts";
import { assertEquals } from "../../support/assert.ts";

/** Returns the marks among texts, one line a second. */
function marks(...texts: readonly string[]): MarkLine[] {
  return texts.map((text, number) => ({ number, at: number, text }));
}

Deno.test("groupsOf() nests groups, ignores ends without a beginning, and keeps groups without an end", () => {
  const groups = groupsOf(marks(
    "::endgroup::",
    "::group::outer",
    "##[group]inner",
    "line",
    "##[endgroup]",
    "::endgroup::",
    "::endgroup::",
    "::group::open",
  ));
  assertEquals([...groups.values()], [
    { from: 1, to: 5, title: "outer", lines: 3, seconds: 4 },
    { from: 2, to: 4, title: "inner", lines: 1, seconds: 2 },
    { from: 7, to: null, title: "open", lines: null, seconds: null },
  ]);
  const folds = foldsOf(groups, new Set([1, 2, 7]));
  assertEquals(folds.hidden, [{ from: 2, to: 6 }, { from: 8, to: Infinity }]);
  assertEquals(groupsAround(folds, 3).map(({ title }) => title), ["outer", "inner"]);
  assertEquals(groupsAround(folds, 7), []);
});

Deno.test("groupsOf() takes linear time for any nesting", () => {
  const deep = groupsOf(marks(...Array(5_000).fill("::group::x"), ...Array(5_000).fill("::endgroup::")));
  assertEquals(deep.size, 20);
  assertEquals(
    [...deep.values()].map(({ to }) => to),
    Array.from({ length: 20 }, (_, depth) => 9_999 - depth),
  );
});

Deno.test("visibleCount() counts the lines that isHidden() does not hide, whatever is collapsed", () => {
  const text = fc.constantFrom("::group::a", "::endgroup::", "line");
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), fc.infiniteStream(fc.boolean()), (texts, choices) => {
      const groups = groupsOf(marks(...texts));
      const collapsed = new Set([...groups.keys()].filter(() => choices.next().value));
      const { hidden } = foldsOf(groups, collapsed);
      const lines = texts.map((_, number) => number);
      const isWithin = (number: number) =>
        [...groups.values()].some(({ from, to }) =>
          collapsed.has(from) && from < number && number <= (to ?? Infinity)
        );
      assertEquals(lines.filter((number) => isHidden(hidden, number)), lines.filter(isWithin));
      for (const number of lines) {
        const before = lines.filter((each) => each <= number && !isWithin(each)).at(-1);
        assertEquals(shownLine(hidden, number), before);
      }
      for (const from of lines) {
        const visible = lines.filter((number) => number >= from && !isWithin(number));
        assertEquals(visibleCount(hidden, from, texts.length), visible.length);
      }
    }),
  );
});

Deno.test("mergedLines() has the lines of either list, in order and disjoint", () => {
  const lists = fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 })), { maxLength: 6 }).map(
    (parts) => {
      let end = -1;
      return parts.map(([gap, length]): Lines => ({ from: end + 1 + gap, to: end = end + 1 + gap + length }));
    },
  );
  fc.assert(fc.property(lists, lists, (left, right) => {
    const merged = mergedLines(left, right);
    const has = (lines: readonly Lines[], number: number) =>
      lines.some(({ from, to }) => from <= number && number < to);
    for (let number = 0; number < 130; number++) {
      assertEquals(has(merged, number), has(left, number) || has(right, number));
      assertEquals(isHidden(merged, number), has(merged, number));
    }
  }));
});
