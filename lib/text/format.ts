/**
 * Formats numbers, times and estimates for the page and the terminal. The output depends only on the
 * arguments, so that server and browser render the same text.
 *
 * @module
 */

import type { JsonValue, Task } from "../task/task.ts";
import { compactNumber, groupedNumber } from "./number_text.ts";

const NO_VALUE = "—";

/** Formats a duration in at most two units: `12ms`, `0.4s`, `12s`, `3m 04s`, `2h 05m`, `3d 04h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return NO_VALUE;
  if (seconds > 0 && seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1_000))}ms`;
  if (seconds < 0.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.floor(seconds + 0.05);
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${two(Math.floor(whole % 3_600 / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${two(Math.floor(whole % 86_400 / 3_600))}h`;
}

/** Formats a duration in all its units, rounded to the digits of a step in seconds: `1.04s`, `3m 20.5s`, `2h 00m 20s`. */
export function formatExactDuration(seconds: number, step: number): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-6));
  const rounded = Number(seconds.toFixed(digits));
  const minutes = Math.floor(rounded / 60);
  const rest = `${(rounded % 60).toFixed(digits)}s`;
  if (minutes === 0) return rest;
  const padded = rest.padStart(digits === 0 ? 3 : digits + 4, "0");
  return minutes < 60
    ? `${minutes}m ${padded}`
    : `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m ${padded}`;
}

/** Formats an age in one unit: `just now`, `3 min ago`, `5 days ago`. */
export function formatAgo(seconds: number): string {
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day ago" : `${formatCount(days)} days ago`;
}

/** Formats an estimate of the time left, rounded to a plausible accuracy: `about 2 min left`. */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 1) return "almost done";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${minutes} min left`;
  if (minutes < 24 * 60) {
    // From three hours on, the estimate is not precise to a minute.
    const rounded = minutes < 180 ? minutes : Math.round(minutes / 10) * 10;
    const rest = rounded % 60;
    return `about ${Math.floor(rounded / 60)} h${rest === 0 ? "" : ` ${rest} min`} left`;
  }
  const hours = Math.round(minutes / 60);
  return `about ${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`} left`;
}

/**
 * The units of a range of estimates and the steps to which its bounds are rounded. An entry applies if the
 * upper bound of the range is at least `from` seconds.
 */
const RANGE_UNITS = [
  { from: 48 * 3_600, unit: "d", seconds: 86_400, step: 1 },
  { from: 2 * 3_600, unit: "h", seconds: 3_600, step: 1 },
  { from: 20 * 60, unit: "min", seconds: 60, step: 5 },
  { from: 55, unit: "min", seconds: 60, step: 1 },
  { from: 10, unit: "s", seconds: 1, step: 5 },
] as const;

/** Formats the bounds of an uncertain estimate: `3–5 min left`, `up to 2 h left`. */
export function formatTimeRange(low: number, high: number): string {
  const scale = RANGE_UNITS.find(({ from }) => high >= from);
  if (scale === undefined) return formatTimeLeft(high);
  const { unit, seconds, step } = scale;
  const [least, most] = [low, high].map((bound) => Math.round(bound / seconds / step) * step);
  if (least === most) return formatTimeLeft((low + high) / 2);
  return least! <= 0 ? `up to ${most} ${unit} left` : `${least}–${most} ${unit} left`;
}

/**
 * An estimate counts as wrong once this many times the estimated time, plus {@linkcode MIN_PAST_SECONDS},
 * have passed without a change of the task.
 */
const PAST_ESTIMATE = 1.5;
const MIN_PAST_SECONDS = 5;

/** Formats the time left, or the reason why there is no estimate; returns `""` if the task is not active. */
export function timeLeft(task: Task, now: number): string {
  if (!task.active) return "";
  // The estimate was made at the last change of the task, so the time since that change is subtracted.
  const silence = Math.max(0, now - task.updated_at);
  const latest = task.eta_high ?? task.eta;
  if (latest !== null && silence > latest * PAST_ESTIMATE + MIN_PAST_SECONDS) return "past its estimate";
  if (task.eta !== null && task.eta_low !== null && task.eta_high !== null) {
    return formatTimeRange(task.eta_low - silence, task.eta_high - silence);
  }
  if (task.eta !== null) return formatTimeLeft(task.eta - silence);
  switch (task.eta_reason) {
    case "too_early":
      return "estimating…";
    case "stalled":
      return "stalled, no estimate";
    case "unknown_progress":
      return "time left unknown";
    default:
      return "";
  }
}

/**
 * Returns the duration of a run so far, or in total if it has ended, in seconds; `null` if the run never
 * started.
 */
export function elapsedSeconds(task: Task, now: number): number | null {
  if (task.started_at === null) return null;
  return Math.max(0, (task.finished_at ?? now) - task.started_at);
}

/** Formats progress as a whole percentage, rounded down, so that `100%` means that the task is complete. */
export function formatPercent(progress: number | null): string {
  return progress === null ? NO_VALUE : `${Math.floor(progress + 1e-9)}%`;
}

/** Formats a number with grouped thousands and up to two fraction digits. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  const digits = Number.isInteger(value) || Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return groupedNumber(value, digits);
}

/** Formats a reported value with six significant digits, such as `2.5e-5`, and integers below a billion exactly. */
function formatPlainValue(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return formatCount(value);
  if (size >= 1e-4 && size < 1e6) return groupedNumber(value, 5 - Math.floor(Math.log10(size)));
  return value.toExponential(5).replace(/\.?0+e/, "e");
}

/**
 * Formats a value that was reported under a name. The unit is that at the end of the name: `_bytes`,
 * `_seconds` or `_percent`, as in the names of metrics: https://prometheus.io/docs/practices/naming/
 */
export function formatValue(value: number, name: string): string {
  switch (/_(bytes|seconds|percent)$/.exec(name)?.[1]) {
    case "bytes":
      return formatBytes(value);
    case "seconds":
      return `${formatPlainValue(value)} s`;
    case "percent":
      return `${formatPlainValue(value)}%`;
    default:
      return formatPlainValue(value);
  }
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Formats a number of bytes: `512 B`, `1.2 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NO_VALUE;
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1_023.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  const sign = bytes < 0 ? "-" : "";
  return `${sign}${unit === 0 ? formatCount(Math.round(value)) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Returns whether a unit stands for bytes. */
export function isByteUnit(unit: string | null): boolean {
  return unit !== null && /^(b|bytes?)$/i.test(unit);
}

/**
 * Formats the completed and total amounts of a task: `3,204 / 10,000 files`, `770M / 2B`; returns `""` if the
 * task has no amounts.
 */
export function formatCounts(task: Pick<Task, "current" | "total" | "unit">): string {
  const { current, total, unit } = task;
  if (current === null && total === null) return "";
  if (isByteUnit(unit)) {
    const done = current === null ? "?" : formatBytes(current);
    return total === null ? done : `${done} / ${formatBytes(total)}`;
  }
  const done = current === null ? "?" : formatShortCount(current);
  const words = unit === null || unit === "" ? "" : ` ${unit}`;
  return total === null ? `${done}${words}` : `${done} / ${formatShortCount(total)}${words}`;
}

function formatShortCount(value: number): string {
  return Math.abs(value) >= 1e6 && Number.isFinite(value) ? compactNumber(value) : formatCount(value);
}

/**
 * Formats the rate of a task per second, minute or hour: `57.7M bits/s`, `12 files/min`; returns `""` if the
 * task has no rate, or if the rate is not known yet or no longer valid.
 */
export function formatRate(
  task: Pick<Task, "rate" | "current" | "unit"> & Partial<Pick<Task, "eta_reason">>,
): string {
  const { rate } = task;
  if (rate === null || !Number.isFinite(rate) || rate <= 0) return "";
  const counted = task.current !== null;
  // The rate of a task that has just begun, or has stalled since, is not its present rate.
  if (task.eta_reason === "too_early" || task.eta_reason === "stalled") return "";
  if (counted && isByteUnit(task.unit)) return `${formatBytes(rate)}/s`;
  const unit = !counted ? "%" : task.unit === null || task.unit === "" ? "" : ` ${task.unit}`;
  if (rate >= 1e6) return `${compactNumber(rate)}${unit}/s`;
  // The fraction digits of a rate above 100 are noise.
  if (rate >= 100) return `${formatCount(Math.round(rate))}${unit}/s`;
  if (rate >= 0.5) return `${formatCount(rate)}${unit}/s`;
  if (rate * 60 >= 0.5) return `${formatCount(rate * 60)}${unit}/min`;
  return `${formatCount(rate * 3_600)}${unit}/h`;
}

/** Formats a time of day: `14:03:22` in local time, otherwise `14:03:22 UTC`. */
export function formatClock(at: number, local: boolean): string {
  const date = new Date(at * 1_000);
  if (Number.isNaN(date.getTime())) return NO_VALUE;
  if (!local) return `${date.toISOString().slice(11, 19)} UTC`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Formats a date and a time of day: `2026-11-24 14:03:22` in local time, otherwise followed by `UTC`. */
export function formatDateTime(at: number, local: boolean): string {
  const day = dayOf(at, local);
  return day === NO_VALUE ? NO_VALUE : `${day} ${formatClock(at, local)}`;
}

/** Formats a time within a period: the time of day, and also the date if the period spans several days. */
export function formatTimeWithin(at: number, from: number, to: number, local: boolean): string {
  return dayOf(from, local) === dayOf(to, local) ? formatClock(at, local) : formatDateTime(at, local);
}

function dayOf(at: number, local: boolean): string {
  const date = new Date(at * 1_000);
  if (Number.isNaN(date.getTime())) return NO_VALUE;
  return local
    ? `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
    : date.toISOString().slice(0, 10);
}

/** Formats a time for the HTML attribute `datetime`; returns `undefined` if the time is out of range. */
export function machineTime(at: number): string | undefined {
  const date = new Date(at * 1_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Formats a value as JSON on one line, truncated to a number of characters. */
export function formatJson(value: JsonValue, mostCharacters: number): string {
  const text = JSON.stringify(value) ?? "null";
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}

/** Formats a number with a noun in singular or plural: `1 task`, `3 tasks`. */
export function countNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
