import fc from "fast-check";
import { ValueSeries } from "../../../lib/task/value_series.ts";
import type { ValuePoint } from "../../../lib/task/values.ts";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

const MOST = 16;

/** Points whose times may repeat and, rarely, decrease. */
const points: fc.Arbitrary<ValuePoint[]> = fc.array(
  fc.tuple(
    fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.integer({ min: -5, max: 0 }) }),
    fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
  ),
  { minLength: 1, maxLength: 400, size: "max" },
).map((steps) => {
  let at = 1_000;
  return steps.map(([step, value]): ValuePoint => [at += step / 8, value]);
});

function seriesOf(all: readonly ValuePoint[], most = MOST): ValueSeries {
  const series = new ValueSeries(most);
  for (const [at, value] of all) series.add(at, value);
  return series;
}

function valuesOf(all: readonly ValuePoint[]): number[] {
  return all.map(([, value]) => value);
}

Deno.test("ValueSeries keeps the first, the last, the lowest and the highest value in a bounded number of points", () => {
  fc.assert(fc.property(points, (all) => {
    const series = new ValueSeries(MOST);
    for (const [index, [at, value]] of all.entries()) {
      series.add(at, value);
      const kept = series.points;
      const given = valuesOf(all.slice(0, index + 1));
      assertEquals(series.length, kept.length);
      assertLessOrEqual(kept.length, MOST);
      const values = valuesOf(kept);
      assertEquals([values[0], values.at(-1)], [given[0], given.at(-1)]);
      assertEquals(
        [Math.min(...values), Math.max(...values)],
        [Math.min(...given), Math.max(...given)],
      );
    }
  }));
});

Deno.test("ValueSeries keeps points that were added, in the order of their times", () => {
  fc.assert(fc.property(points, (all) => {
    const { points: kept } = seriesOf(all);
    const given = new Set(valuesOf(all));
    for (const value of valuesOf(kept)) assert(given.has(value));
    for (const [index, [at]] of kept.entries()) assert(index === 0 || at >= kept[index - 1]![0]);
  }));
});

Deno.test("ValueSeries keeps the same points for the same values, and leaves its own points unchanged", () => {
  fc.assert(fc.property(points, (all) => {
    const { points: kept } = seriesOf(all);
    assertEquals(seriesOf(all).points, kept);
    const restored = seriesOf(kept);
    assertEquals(
      [Math.min(...valuesOf(restored.points)), Math.max(...valuesOf(restored.points))],
      [Math.min(...valuesOf(kept)), Math.max(...valuesOf(kept))],
    );
    assertLessOrEqual(restored.length, MOST);
  }));
});

Deno.test("ValueSeries spreads its points over the whole time, and keeps single peaks", () => {
  const series = new ValueSeries(256);
  for (let index = 0; index < 100_000; index++) series.add(index, index === 31_337 ? 7 : index % 3 / 1_000);
  const { points: kept } = series;
  assertGreater(kept.length, 256 / 4);
  assertEquals(kept.filter(([, value]) => value === 7), [[31_337, 7]]);
  const gaps = kept.slice(1).map(([at], index) => at - kept[index]![0]);
  assertLessOrEqual(Math.max(...gaps), 100_000 / 16);
});

Deno.test("ValueSeries keeps only a few points of many values with the same time", () => {
  const { points: kept } = seriesOf(Array.from({ length: 1_000 }, (_, index): ValuePoint => [5, index % 10]));
  assertEquals(kept, [[5, 0], [5, 9], [5, 0], [5, 9]]);
});
