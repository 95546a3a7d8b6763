/** Tests the conversion of return values to JSON of limited size. */

import { LIMITS } from "../../../lib/task/grammar.ts";
import { boundResult } from "../../../lib/task/bounded_result.ts";
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

Deno.test("boundResult() lists its conversions and cuts in a warning of one line", () => {
  assertEquals(boundResult({ n: NaN, all: [new Set([1]), new Set()], f() {} }), {
    value: { n: null, all: [[1], []], f: "[Function: f]" },
    warning: "The result was changed to fit JSON: converted NaN, Set (2), function",
  });
  const deepAndLong = [nested(LIMITS.jsonDepth), "é".repeat(40_000), 5n];
  assertEquals(
    boundResult(deepAndLong).warning,
    "The result was changed to fit JSON: converted BigInt; cut to 65536 bytes; cut to 56 levels",
  );
  const kinds = Array.from({ length: 30 }, (_, i) => new ({ [`C${i}`]: class {} }[`C${i}`]!)());
  assertEquals(
    boundResult(kinds).warning,
    "The result was changed to fit JSON: converted C0, C1, C2, C3, C4, C5, C6, C7, C8, C9 and 20 other types",
  );
});
