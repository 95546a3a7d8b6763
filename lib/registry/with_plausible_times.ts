/**
 * Corrects the times in a report that cannot be true.
 *
 * @module
 */

import { plausibleTime } from "../clock.ts";
import type { ReportedChange } from "../task/task.ts";
import { withTimes } from "../task/values.ts";

/**
 * Replaces the times of log lines in the future, and of values that cannot be true. Lines may come from an old
 * file, so they may be of any age.
 *
 * @param change a change of a task
 * @param now the current time, in epoch seconds
 * @returns the same change if its times are plausible, otherwise a copy
 */
export function withPlausibleTimes(change: ReportedChange, now: number): ReportedChange {
  if (change.type === "update" && change.values !== undefined) {
    return { ...change, values: withTimes(change.values, (at) => plausibleTime(at, now)) };
  }
  if (change.type !== "log" || change.lines.every(({ at }) => at <= now)) return change;
  return { ...change, lines: change.lines.map((line) => line.at <= now ? line : { ...line, at: now }) };
}
