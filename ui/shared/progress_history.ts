/**
 * Thins out a task's progress history to the points that a chart can show.
 *
 * @module
 */

import { LIMITS } from "../../lib/task/grammar.ts";
import type { ProgressPoint } from "../../lib/task/task.ts";

/**
 * Appends a point to a progress history. If the new point is hardly later than the last but one, it replaces the last
 * point, because a chart could not show all three. If there are too many points, every second one is dropped, except
 * the first and the last.
 *
 * @param points the points so far, oldest first
 * @param at the time of the new point, in epoch seconds
 * @param progress the progress at that time, from 0 to 100
 * @returns the new list of points
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
