import fc from "fast-check";
import { ProgressHistory } from "../../../lib/registry/progress_history.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import type { ProgressPoint } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

function seriesOf(points: Iterable<ProgressPoint>): ProgressHistory {
  const series = new ProgressHistory(0);
  for (const [at, progress] of points) series.add(at, progress);
  return series;
}

Deno.test("ProgressHistory keeps every point if there are few, but only the last of several points at the same time", () => {
  const points = [[1, 0], [1.5, 20], [1.5, 25], [2, 10], [9, 10]] as const;
  assertEquals(seriesOf(points).points, [[1, 0], [1.5, 25], [2, 10], [9, 10]]);
  assertEquals(seriesOf([]).points, []);
  assertEquals(seriesOf([[1.23456, 33.3333]]).points, [[1.235, 33.33]]);
});

Deno.test("ProgressHistory keeps a limited number of points over the whole time, including the first and the last", () => {
  for (const [count, every] of [[1_000, 1], [100_000, 0.001], [12_345, 60]] as const) {
    const series = seriesOf(Array.from({ length: count }, (_, n) => [n * every, n * 100 / count] as const));
    const { points } = series;
    const last = (count - 1) * every;
    assertLessOrEqual(points.length, LIMITS.progressPoints);
    assertGreater(points.length, LIMITS.progressPoints / 4, `of ${count}`);
    assertEquals([points[0]![0], points.at(-1)![0]], [0, Math.round(last * 1_000) / 1_000]);
    const gaps = points.slice(1).map(([at], index) => at - points[index]![0]);
    assertLess(Math.max(...gaps), last / 25, `of ${count}`);
  }
});

Deno.test("ProgressHistory keeps the last point before a pause", () => {
  const steady = Array.from({ length: 1_000 }, (_, n) => [n, n / 20] as const);
  const { points } = seriesOf([...steady, [5_000, 51]]);
  assertEquals(points.slice(-2), [[999, 49.95], [5_000, 51]]);
});

Deno.test("ProgressHistory holds only points that were added, in order and within its limit", () => {
  const gap = fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 0, max: 1_000 }),
  );
  const steps = fc.array(fc.tuple(gap, fc.integer({ min: 0, max: 100 })), {
    minLength: 1,
    maxLength: 900,
    size: "max",
  });
  fc.assert(fc.property(steps, (steps) => {
    let at = 1_000;
    // Of several points with the same time, only the last one is expected.
    const added = new Map(steps.map(([seconds, progress]) => [at += Math.round(seconds * 8) / 8, progress]));
    let now = 1_000;
    const series = seriesOf(
      steps.map(([seconds, progress]) => [now += Math.round(seconds * 8) / 8, progress] as const),
    );
    const { points } = series;
    assertLessOrEqual(points.length, LIMITS.progressPoints);
    assertEquals(series.length, points.length);
    points.forEach(([at, progress], index) => {
      assert(index === 0 || at > points[index - 1]![0], "the points are in order");
      assertEquals(progress, added.get(at), `at ${at}`);
    });
    assertEquals([points[0], points.at(-1)], [[...added][0], [...added].at(-1)]);
    if (added.size <= LIMITS.progressPoints) assertEquals(points, [...added], "no point was omitted");
    assertEquals(new ProgressHistory(0, points).points, points, "a history continues with the stored points");
  }));
});

Deno.test("ProgressHistory.isDue() is true every few seconds, and less often for a long task", () => {
  using clock = new FakeClock();
  const at = (seconds: number) => CLOCK_START + seconds;
  const series = new ProgressHistory(at(0));
  clock.pass(900_000);
  assertEquals([series.isDue(), series.isUnsaved], [false, false], "there is nothing to store");
  series.saved();
  series.add(at(900), 1);
  clock.pass(4_000);
  assertEquals(series.isDue(), false);
  clock.pass(1_000);
  assertEquals([series.isDue(), series.isDue(6)], [true, false]);
  series.saved();
  clock.pass(1_895_000);
  assertEquals([series.isDue(), series.isUnsaved], [false, false]);
  series.saved();
  series.add(at(2_801), 3);
  clock.pass(95_000);
  assertEquals(series.isDue(), false);
  clock.pass(6_000);
  assertEquals([series.isDue(), series.isUnsaved], [true, true]);
  const known = new ProgressHistory(at(2_901), [[at(901), 2]]);
  clock.pass(900_000);
  assertEquals(known.isDue(), false, "all known points are stored");
  known.saved();
  known.add(at(3_801), 3);
  clock.pass(100_000);
  assertEquals(known.isDue(), false, "the known points count as part of the time span");
  clock.pass(60_000);
  assertEquals(known.isDue(), true);
});

Deno.test("ProgressHistory.isDue() does not depend on the wall clock", () => {
  for (const jump of [-86_400, -3_600, 3_600, 86_400]) {
    using clock = new FakeClock();
    const series = new ProgressHistory(CLOCK_START);
    series.add(CLOCK_START, 1);
    clock.set(CLOCK_START + jump);
    series.add(CLOCK_START + Math.max(0, jump), 2);
    assertEquals(series.isDue(), false, `${jump}`);
    clock.pass(5_000);
    assertEquals(series.isDue(), true, `${jump}`);
  }
});
