import { nearestPoint, pointAfterKey } from "../../../ui/shared/value_points.ts";
import type { ValuePoint } from "../../../lib/task/values.ts";
import { assertEquals } from "../../support/assert.ts";

/** Two of the points have the same time. */
const POINTS: readonly ValuePoint[] = [[0, 5], [10, 4], [10, 6], [30, 1]];

Deno.test("nearestPoint() finds the point itself, otherwise the first one that is nearest in time", () => {
  assertEquals(POINTS.map((point) => nearestPoint(POINTS, point)), [0, 1, 2, 3]);
  assertEquals([-1, 4, 6, 19, 21, 99].map((at) => nearestPoint(POINTS, [at, NaN])), [0, 0, 1, 1, 3, 3]);
  assertEquals(nearestPoint([[7, 1]], [NaN, 0]), 0);
});

Deno.test("pointAfterKey() moves by the keys of a slider, within the series", () => {
  const moved = (index: number, key: string) => {
    const point = pointAfterKey(POINTS, index, key);
    return point === null ? null : POINTS.indexOf(point);
  };
  assertEquals([0, 1, 2, 3].map((index) => moved(index, "ArrowRight")), [1, 2, 3, 3]);
  assertEquals([0, 1, 2, 3].map((index) => moved(index, "ArrowLeft")), [0, 0, 1, 2]);
  assertEquals([moved(0, "ArrowUp"), moved(3, "ArrowDown")], [1, 2]);
  assertEquals([moved(1, "Home"), moved(1, "End"), moved(1, "PageUp"), moved(1, "PageDown")], [0, 3, 3, 0]);
  assertEquals([moved(1, "a"), moved(1, "Tab"), moved(1, "toString")], [null, null, null]);
});
