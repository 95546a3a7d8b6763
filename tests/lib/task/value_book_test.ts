import fc from "fast-check";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { type TaskValues, ValueBook } from "../../../lib/task/value_book.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";

Deno.test("ValueBook keeps the series separate, in the order of their first values", () => {
  const book = new ValueBook(LIMITS.valuePoints);
  assertEquals(book.isEmpty, true);
  assertEquals(book.add({ loss: 1, accuracy: 0.5 }, 10), null);
  book.add({ accuracy: [[11, 0.6], [12, 0.7]] }, 20);
  assertEquals(book.values, {
    series: [{ name: "loss", points: [[10, 1]] }, {
      name: "accuracy",
      points: [[10, 0.5], [11, 0.6], [12, 0.7]],
    }],
    ignored: 0,
  });
  assertEquals([book.isEmpty, book.length], [false, 4]);
});

Deno.test("ValueBook ignores series beyond the limit, but counts their values", () => {
  const book = new ValueBook(LIMITS.valuePoints);
  for (let index = 0; index < LIMITS.valueSeries; index++) book.add({ [`s${index}`]: index }, 1);
  assertEquals(book.add({ s0: 5, more: [[1, 2], [3, 4]] }, 2), "more");
  assertEquals([book.values.series.length, book.values.ignored], [LIMITS.valueSeries, 2]);
  assertEquals(book.values.series[0]!.points, [[1, 0], [2, 5]]);
});

Deno.test("ValueBook continues from stored values, with bounded memory", () => {
  const values = fc.array(
    fc.dictionary(
      fc.constantFrom("a", "b", "constructor", "toString"),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    { maxLength: 200, size: "max" },
  );
  fc.assert(fc.property(values, fc.nat(200), (all, restart) => {
    let book = new ValueBook(16);
    for (const [at, each] of all.entries()) {
      if (at === restart) book = new ValueBook(16, JSON.parse(JSON.stringify(book.values)) as TaskValues);
      book.add(each, at);
    }
    for (const { name, points } of book.values.series) {
      const given = all.filter((each) => Object.hasOwn(each, name)).map((each) => each[name]! + 0);
      const kept = points.map(([, value]) => value + 0);
      assertLessOrEqual(points.length, 16);
      assertEquals([Math.min(...kept), Math.max(...kept)], [Math.min(...given), Math.max(...given)]);
      assertEquals([kept[0], kept.at(-1)], [given[0], given.at(-1)]);
    }
  }));
});
