/**
 * Finds points of a series of values.
 *
 * @module
 */

import type { ValuePoint } from "../../lib/task/values.ts";

/** The number of points that each key of a slider moves by. */
const STEPS: ReadonlyMap<string, number> = new Map([
  ["ArrowLeft", -1],
  ["ArrowDown", -1],
  ["ArrowRight", 1],
  ["ArrowUp", 1],
  ["PageDown", -10],
  ["PageUp", 10],
  ["Home", -Infinity],
  ["End", Infinity],
]);

/**
 * Finds a point of a series, or, if the series no longer has the point, the nearest point in time.
 *
 * @param points the points, oldest first, at least one
 * @param point the point to find
 * @returns the index of the found point
 */
export function nearestPoint(points: readonly ValuePoint[], point: ValuePoint): number {
  const same = points.indexOf(point);
  if (same >= 0) return same;
  const distances = points.map(([at]) => Math.abs(at - point[0]));
  return Math.max(0, distances.indexOf(Math.min(...distances)));
}

/**
 * Returns the point that a key of a slider moves to.
 *
 * @param points the points, oldest first, at least one
 * @param index the index of the current point
 * @param key the key, as in `KeyboardEvent.key`
 * @returns the point; `null` if the key moves nowhere
 */
export function pointAfterKey(points: readonly ValuePoint[], index: number, key: string): ValuePoint | null {
  const last = points.length - 1;
  const step = STEPS.get(key);
  return step === undefined ? null : points[Math.min(last, Math.max(0, index + step))]!;
}
