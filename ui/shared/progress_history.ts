/**
 * A task's progress history, thinned out to the points that a chart can show.
 *
 * @module
 */

import { LIMITS } from "../../lib/task/grammar.ts";
import type { ProgressPoint } from "../../lib/task/task.ts";

/**
 * Appends a point. Points too close to tell apart in the chart replace each other; if there are too many, every
 * second one is dropped, except the first and the last.
 *
 * @param points oldest first
 * @param at the time in epoch seconds
 * @param progress from 0 to 100
 * @returns the points including the new one
 */
export function withProgressPoint(
  points: readonly ProgressPoint[],
  at: number,
  progress: number,
): readonly ProgressPoint[] {
  const [first] = points;
  const last = points.at(-1);
  if (last !== undefined && (at < last[0] || (at === last[0] && progress === last[1]))) return points;
  const previous = points.at(-2);
  const isNear = first !== undefined && previous !== undefined &&
    at - previous[0] < (at - first[0]) / LIMITS.progressPoints;
  const more: readonly ProgressPoint[] = [...(isNear ? points.slice(0, -1) : points), [at, progress]];
  return more.length <= LIMITS.progressPoints
    ? more
    : more.filter((_, index) => index % 2 === 0 || index === more.length - 1);
}
