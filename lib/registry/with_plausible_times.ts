/**
 * Corrects the times in a report that cannot be true.
 *
 * @module
 */

import { plausibleTime } from "../clock.ts";
import type { ReportedChange } from "../task/task.ts";
import { withTimes } from "../task/values.ts";

/**
 * Replaces impossible times: of log lines, times in the future; of values, times in the future or long past. Log lines
 * may be of any age, because they may come from an old file.
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
