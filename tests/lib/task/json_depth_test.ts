import fc from "fast-check";
import { nestsDeeperThan } from "../../../lib/task/json_depth.ts";
import { assertEquals } from "../../support/assert.ts";

/** Returns the number of levels of a parsed value. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

Deno.test("nestsDeeperThan() counts the levels of any JSON", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(9), (value, levels) => {
    const text = JSON.stringify(value).padEnd(2 * levels + 1);
    assertEquals(nestsDeeperThan(text, levels), depthOf(value) > levels);
  }));
});

Deno.test("nestsDeeperThan() ignores brackets in strings, whatever is escaped", () => {
  const table: [string, boolean][] = [
    ['["[[[[[[[["]', false],
    ['["\\"[[[[[[["]', false],
    ['["\\\\",[[[]]]]', true],
    ['["\\\\\\"[[[[[["]', false],
    ['{"{{{{{{{{":1}', false],
    ["[[]        ,[[]]]", true],
    ["[[[[[[[[", true],
    ['"[[[[[[[[', false],
    ["]]]][[[]]]", false],
  ];
  for (const [text, expected] of table) assertEquals(nestsDeeperThan(text, 2), expected, text);
});
