/** Tests the conversion of return values to JSON of limited size. */

import { LIMITS } from "../../../lib/task/grammar.ts";
import { boundResult } from "../../../lib/reporter/bounded_result.ts";
import { assertEquals } from "../../support/assert.ts";

/** Creates arrays that are nested to the given depth. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

Deno.test("boundResult() returns a copy of JSON values, and null for undefined", () => {
  const returned = { at: new Date(0), list: [1, undefined], no: undefined };
  assertEquals(boundResult(returned), {
    value: { at: "1970-01-01T00:00:00.000Z", list: [1, null] },
    warning: null,
  });
  for (const value of [0, "", false, null, "x".repeat(LIMITS.resultBytes - 2)]) {
    assertEquals(boundResult(value), { value, warning: null });
  }
  assertEquals(boundResult(undefined), { value: null, warning: null });
  const deep = nested(LIMITS.jsonDepth);
  assertEquals(boundResult(deep).value, deep);
  const brackets = '["'.repeat(10_000);
  assertEquals(boundResult(brackets).value, brackets, "a text may have brackets");
});

Deno.test("boundResult() returns null with a warning for other values, and never throws", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const shouting = {
    toJSON() {
      throw new Error("no");
    },
  };
  for (const value of [circle, shouting, () => {}, Symbol("a"), 5n]) {
    assertEquals(boundResult(value), { value: null, warning: "The result was omitted: it is not JSON" });
  }
  assertEquals(
    boundResult("é".repeat(40_000)).warning,
    "The result was omitted: 80002 bytes of JSON exceed the limit of 65536",
  );
  for (const levels of [LIMITS.jsonDepth + 1, 10_000]) {
    assertEquals(
      boundResult(nested(levels)),
      {
        value: null,
        warning: `The result was omitted: it is nested more than ${LIMITS.jsonDepth} levels deep`,
      },
    );
  }
});
