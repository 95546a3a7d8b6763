import fc from "fast-check";
import { LIMITS } from "../../../lib/task/grammar.ts";
import type { ProgressPoint } from "../../../lib/task/task.ts";
import { withProgressPoint } from "../../../ui/shared/progress_history.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";

function seriesOf(steps: readonly (readonly [number, number])[]): readonly ProgressPoint[] {
  let at = 1_000;
  return steps.reduce<readonly ProgressPoint[]>((points, [step, progress]) => {
    return withProgressPoint(points, at += step, progress);
  }, []);
}

Deno.test("withProgressPoint() keeps a limited number of points in order, including the first and the newest", () => {
  const steps = fc.array(
    fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true })),
    { minLength: 1, maxLength: 900 },
  );
  fc.assert(
    fc.property(steps, (given) => {
      const points = seriesOf(given);
      assert(points.length <= LIMITS.progressPoints);
      assertEquals(points[0], [1_000 + given[0]![0], given[0]![1]]);
      assertEquals(points.at(-1)?.[1], given.at(-1)?.[1]);
      for (const [index, point] of points.entries()) assert(index === 0 || point[0] >= points[index - 1]![0]);
    }),
    { numRuns: 50 },
  );
});

Deno.test("withProgressPoint() keeps the shape of a long history", () => {
  const points = seriesOf(Array.from({ length: 5_000 }, (_, n) => [1, n / 50]));
  assert(points.length >= LIMITS.progressPoints / 4, `${points.length} points are left of 5,000`);
  for (const [at, progress] of points) assert(Math.abs((at - 1_001) / 50 - progress) < 0.01);
});

Deno.test("withProgressPoint() ignores repeated points and points in the past", () => {
  const points = seriesOf([[0, 1], [5, 2]]);
  assertStrictEquals(withProgressPoint(points, 1_005, 2), points);
  assertStrictEquals(withProgressPoint(points, 1_004, 3), points);
});
