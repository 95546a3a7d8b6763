import fc from "fast-check";
import { numberFrom } from "../../../lib/task/number_text.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("numberFrom() parses what JavaScript parses, except for words and other bases", () => {
  const table: [string, number | null][] = [
    ["12", 12],
    ["+12", 12],
    ["-1.5", -1.5],
    ["1.", 1],
    [".5", 0.5],
    ["1e3", 1_000],
    ["1.E-3", 0.001],
    ["007", 7],
    ["1e999", Infinity],
  ];
  for (const [text, expected] of table) assertEquals(numberFrom(text), expected, text);
  for (const text of ["", ".", "+", "e5", "1e", "1.2.3", "0x1", "Infinity", " 1", "1 ", "1_0", "١"]) {
    assertEquals(numberFrom(text), null, text);
  }
});

Deno.test("numberFrom() parses every finite number that JavaScript writes", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assertEquals(numberFrom(String(value)), Object.is(value, -0) ? 0 : value);
  }));
});
