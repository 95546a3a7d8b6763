import fc from "fast-check";
import { isValueName, LIMITS } from "../../../lib/task/grammar.ts";
import { areValues, countValues, pointsOf, withTimes } from "../../../lib/task/values.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("isValueName() accepts the names that training programs use", () => {
  const names = [
    "loss",
    "val/accuracy",
    "lr",
    "_step",
    "GPU 0",
    "train.loss",
    "a:b",
    "a-b",
    "0",
    "x".repeat(64),
  ];
  for (const name of names) assert(isValueName(name), name);
});

Deno.test("isValueName() refuses markup, control characters, spaces at an end, and names that are too long", () => {
  const names = [
    "",
    "__proto__",
    "<b>loss</b>",
    "a&b",
    'a"b',
    "a\nb",
    "a\u001b[31m",
    "a\u202eb",
    " a",
    "a ",
    "a\n",
    "a,b",
    "=1+1",
    "-a",
    "lösung",
    "x".repeat(65),
    "x".repeat(1_000_000),
    `${" ".repeat(100_000)}!`,
  ];
  for (const name of names) assert(!isValueName(name), name.slice(0, 20));
});

Deno.test("isValueName() accepts only characters that need no escaping", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (name) => {
    assert(!isValueName(name) || /^[\w .:/-]{1,64}$/.test(name));
  }));
});

Deno.test("areValues() accepts numbers and points, and nothing else", () => {
  const good: unknown[] = [
    {},
    { loss: 0.12 },
    { loss: -1e308, "val/acc": 0 },
    { loss: [[1, 2], [3, 4]] },
    Object.fromEntries(Array.from({ length: LIMITS.valueSeries }, (_, index) => [`s${index}`, index])),
    { loss: Array.from({ length: LIMITS.valuePoints }, (_, index) => [index, index]) },
  ];
  for (const values of good) assert(areValues(values), JSON.stringify(values).slice(0, 60));
  const bad: unknown[] = [
    null,
    5,
    "loss=5",
    [1],
    { loss: NaN },
    { loss: Infinity },
    { loss: null },
    { loss: "0.12" },
    { loss: [] },
    { loss: [1, 2] },
    { loss: [[1]] },
    { loss: [[1, 2, 3]] },
    { loss: [[1, NaN]] },
    { loss: [[NaN, 1]] },
    { loss: { at: 1, value: 2 } },
    { "": 1 },
    { "<script>": 1 },
    JSON.parse('{"__proto__": 1}'),
    Object.fromEntries(Array.from({ length: LIMITS.valueSeries + 1 }, (_, index) => [`s${index}`, index])),
    { loss: Array.from({ length: LIMITS.valuePoints + 1 }, (_, index) => [index, index]) },
  ];
  for (const values of bad) assert(!areValues(values), String(JSON.stringify(values)).slice(0, 60));
});

Deno.test("countValues() counts numbers and points", () => {
  assertEquals(countValues({ a: 1, b: [[1, 2], [3, 4]] }), 3);
  assertEquals(countValues({}), 0);
});

Deno.test("pointsOf() gives a number the time of its report", () => {
  assertEquals([pointsOf(5, 9), pointsOf([[1, 2]], 9)], [[[9, 5]], [[1, 2]]]);
});

Deno.test("withTimes() replaces the times of points only", () => {
  assertEquals(withTimes({ a: 1, b: [[1, 2]] }, (at) => at + 10), { a: 1, b: [[11, 2]] });
});
