import fc from "fast-check";
import { wellFormed } from "../../../lib/task/well_formed.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";

Deno.test("wellFormed() replaces lone surrogates in texts, lists and keys", () => {
  const table: [unknown, unknown][] = [
    ["\ud800", "\ufffd"],
    ["a\udc00b", "a\ufffdb"],
    ["\udc00\ud800", "\ufffd\ufffd"],
    ["😀", "😀"],
    [["a", { b: "\ud800" }], ["a", { b: "\ufffd" }]],
    [{ "\ud800": 1 }, { "\ufffd": 1 }],
    [{ a: { "x\ud83d": ["\ude00"] } }, { a: { "x\ufffd": ["\ufffd"] } }],
    [JSON.parse('{"__proto__":"\\ud800"}'), JSON.parse('{"__proto__":"\\ufffd"}')],
    [[1, true, null], [1, true, null]],
  ];
  for (const [value, expected] of table) assertEquals(wellFormed(value), expected);
});

Deno.test("wellFormed() returns the same value if it is well-formed, and its output always is", () => {
  const text = fc.array(fc.constantFrom("a", "é", "\ud800", "\ude00"), { maxLength: 4 })
    .map((parts) => parts.join(""));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      text,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(fc.property(value, (value) => {
    const whole = wellFormed(value);
    assert(!/\\ud[89a-f]/i.test(JSON.stringify(whole)), JSON.stringify(whole));
    assertStrictEquals(wellFormed(whole), whole);
    if (JSON.stringify(whole) === JSON.stringify(value)) assertStrictEquals(whole, value);
  }));
});
