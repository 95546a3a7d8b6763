import fc from "fast-check";
import { TASK_STATES } from "../../../lib/task/task.ts";
import { FILTER_NAMES, SORT_FIELDS } from "../../../lib/task/task_query.ts";
import {
  EVERYTHING,
  isFiltered,
  type ListQuery,
  listSearch,
  readListQuery,
} from "../../../ui/shared/list_query.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";

/** Random search texts without surrounding white space, and of limited length. */
const TEXT = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.toWellFormed().trim());
const TIME = fc.constantFrom("", "1h", "90s", "2w", "2026-11-24", "2026-11-24T14:00:00Z", "1700000000");
const SORT = fc.constantFrom("", ...SORT_FIELDS, ...SORT_FIELDS.map((field) => `-${field}`));

const QUERY: fc.Arbitrary<ListQuery> = fc.record({
  q: TEXT,
  state: fc.uniqueArray(fc.constantFrom(...TASK_STATES)).map((states) => states.join()),
  name: TEXT,
  tag: fc.uniqueArray(TEXT.map((text) => text.replaceAll(",", "").trim()).filter((text) => text !== ""))
    .map((tags) => tags.join()),
  since: TIME,
  until: TIME,
  sort: SORT,
  group: fc.constantFrom<ListQuery["group"]>("", "name"),
  view: fc.constantFrom<ListQuery["view"]>("split", "all"),
});

function read(search: string) {
  return readListQuery(new URL(`http://x/${search}`).searchParams);
}

Deno.test("readListQuery() reads the output of listSearch() for arbitrary search texts", () => {
  fc.assert(fc.property(QUERY, fc.integer({ min: 1, max: 1_000 }), (query, page) => {
    assertEquals(read(listSearch(query, page)), { query, page, problems: [] });
  }));
});

Deno.test("readListQuery() never throws, and listSearch() preserves the query that it returns", () => {
  const names = fc.constantFrom(...FILTER_NAMES, "sort", "group", "view", "page", "x");
  fc.assert(fc.property(fc.array(fc.tuple(names, fc.string({ unit: "binary" }))), (pairs) => {
    const { query, page } = readListQuery(
      new URLSearchParams(pairs.map(([name, value]) => [name, value.toWellFormed()])),
    );
    assertEquals(read(listSearch(query, page)), { query, page, problems: [] });
  }));
});

Deno.test("listSearch() omits default values, and keeps commas readable", () => {
  assertEquals(listSearch(EVERYTHING), "");
  assertEquals(
    listSearch({ ...EVERYTHING, state: "ERROR,CANCELLED", since: "1h" }),
    "?state=ERROR,CANCELLED&since=1h",
  );
  assertEquals(listSearch({ ...EVERYTHING, view: "all" }, 3), "?view=all&page=3");
});

Deno.test("readListQuery() reads the query string that a form submits", () => {
  const { query, problems } = read(
    "?q=+a+&view=split&sort=&state=ERROR&state=FINISHED&name=&tag=a,b&since=&until=",
  );
  assertEquals(query, { ...EVERYTHING, q: "a", state: "ERROR,FINISHED", tag: "a,b" });
  assertEquals(problems, []);
});

Deno.test("readListQuery() ignores invalid values, and reports each in problems", () => {
  const { query, page, problems } = read(
    "?state=error,NOPE&since=soon&sort=size&group=tag&view=x&page=0&q=kept",
  );
  assertEquals(query, { ...EVERYTHING, state: "ERROR", q: "kept" });
  assertEquals([page, problems.length], [1, 6]);
  assertMatch(problems.join("\n"), /“state”.*"NOPE"/);
  assertMatch(problems.join("\n"), /“since” is ignored: it must be a time, such as 1h/);
});

Deno.test("isFiltered() is true if any filter is set", () => {
  assertEquals(isFiltered({ ...EVERYTHING, sort: "name", group: "name", view: "all" }), false);
  for (
    const some of [{ q: "a" }, { state: "ERROR" }, { name: "a" }, { tag: "a" }, { since: "1h" }, {
      until: "1h",
    }]
  ) {
    assertEquals(isFiltered({ ...EVERYTHING, ...some }), true);
  }
});
