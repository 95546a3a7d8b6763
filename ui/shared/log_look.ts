/**
 * How the lines of a log are shown. Pure.
 *
 * @module
 */

import type { LogLine } from "../../lib/task/task.ts";
import { formatDuration, formatTimeWithin } from "../../lib/text/format.ts";

/** How the time of a line is shown. */
export type LineTimes = "clock" | "elapsed" | "none";

/** How logs are shown. */
export interface LogLook {
  readonly wraps: boolean;
  readonly times: LineTimes;
  /** Whether the log is divided into the steps of its task. */
  readonly steps: boolean;
}

/** How logs are shown unless the user has changed it. */
export const DEFAULT_LOOK: LogLook = { wraps: true, times: "clock", steps: false };

/**
 * Returns the time of a line as text; a time of day has its date if the line is not of the day on which the task started.
 *
 * @param line the line
 * @param times how times are shown
 * @param startedAt when the task started, in epoch seconds
 * @param isLocal whether times of day are in the browser's time zone instead of UTC
 */
export function lineTime({ at }: LogLine, times: LineTimes, startedAt: number, isLocal: boolean): string {
  if (times === "none") return "";
  return times === "clock"
    ? formatTimeWithin(at, startedAt, at, isLocal).replace(" UTC", "")
    : formatDuration(Math.max(0, at - startedAt));
}
