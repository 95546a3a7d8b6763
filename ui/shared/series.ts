/**
 * A task's progress over time, in so few points that it can be drawn. Pure.
 *
 * @module
 */

import { LIMITS } from "../../lib/task/grammar.ts";
import type { ProgressPoint } from "../../lib/task/task.ts";

/**
 * Goes on with a series. Points that are nearer to each other than can be seen are one; where they are too many, every
 * other one goes, the first and the last excepted.
 *
 * @param points oldest first
 * @param at when, in epoch seconds
 * @param progress how far, from 0 to 100
 * @returns the series with the point
 */
export function withPoint(
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
