import fc from "fast-check";
import { UnsentValues } from "../../../lib/reporter/unsent_values.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { ValueBook } from "../../../lib/task/value_book.ts";
import { areValues } from "../../../lib/task/values.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function neverWarn(reason: string): void {
  throw new Error(reason);
}

Deno.test("UnsentValues reports valid values, whatever user code passes", () => {
  fc.assert(fc.property(fc.array(fc.anything()), (all) => {
    const values = new UnsentValues();
    for (const given of all) values.add(given, 1, () => {});
    const taken = values.take();
    assert(taken === undefined || areValues(JSON.parse(JSON.stringify(taken))));
  }));
});

Deno.test("UnsentValues keeps the extremes until they are reported, and restates all of them", () => {
  const steps = fc.array(fc.oneof(fc.integer(), fc.constantFrom("take" as const, "restate" as const)), {
    minLength: 1,
    maxLength: 500,
    size: "max",
  });
  fc.assert(fc.property(steps, (all) => {
    const values = new UnsentValues();
    let received = new ValueBook(LIMITS.valuePoints);
    const take = () => {
      const taken = values.take();
      if (taken !== undefined) received.add(taken, 0);
    };
    for (const [at, step] of all.entries()) {
      if (step === "take") take();
      else if (step === "restate") {
        received = new ValueBook(LIMITS.valuePoints);
        values.restate();
      } else values.add({ loss: step }, at, neverWarn);
    }
    take();
    const given = all.filter((step) => typeof step === "number");
    const kept = (received.values.series[0]?.points ?? []).map(([, value]) => value);
    assertEquals(
      [Math.min(...kept), Math.max(...kept), kept[0], kept.at(-1)],
      [Math.min(...given), Math.max(...given), given[0], given.at(-1)],
    );
  }));
});

Deno.test("UnsentValues names the entries that it ignores, and keeps the others", () => {
  const values = new UnsentValues();
  const warnings: string[] = [];
  const add = (given: unknown) => values.add(given, 5, (reason) => warnings.push(reason));
  add({ loss: 1, "<b>": 2, accuracy: NaN });
  add("loss");
  for (let index = 0; index < LIMITS.valueSeries; index++) add({ [`s${index}`]: index });
  assertEquals(warnings, [
    "the name of a value must have 1 to 64 characters of A-Z a-z 0-9 _ . : / - and inner spaces",
    'the value "accuracy" must be a finite number',
    "values must be an object of numbers",
    "a task has at most 16 series of values",
  ]);
  assertEquals([values.take()?.loss, values.take()], [[[5, 1]], undefined]);
});
