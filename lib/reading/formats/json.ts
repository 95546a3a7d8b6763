/**
 * Progress in JSON lines. Pure.
 *
 * @module
 */

import { counted, type Format, percentage, RANK, type Reading, type Sighting } from "../reading.ts";

const NUMBERS = ["progress", "current", "total"] as const;
const KEYS: ReadonlySet<string> = new Set(["progress", "current", "total", "unit", "status"]);
/** Fractions and percentages of programs, by the names of their keys. */
const FRACTIONS = ["percent_done", "fraction_done", "fraction", "ratio_done", "progress_fraction"] as const;
const PERCENTS = [
  "percent",
  "percentage",
  "pct",
  "progress_percent",
  "percent_complete",
  "percentComplete",
] as const;
const PAIRS = [
  ["bytes_done", "total_bytes", "B"],
  ["bytes", "totalBytes", "B"],
  ["files_done", "total_files", "files"],
  ["completed", "total", null],
  ["done", "total", null],
  ["processed", "total", null],
] as const;

/**
 * Reads a line of a program that was written for Taskscope: `{"progress": 42, "status": "Reading a.txt"}`.
 *
 * @param text the line
 * @returns the reading; `null` if it is a JSON object of another kind; `undefined` if it is none
 */
export function ownJson(text: string): Reading | null | undefined {
  const fields = objectIn(text);
  if (fields === undefined) return undefined;
  const reading: Record<string, unknown> = {};
  for (const key of NUMBERS) {
    const value = fields[key];
    if (value === null || (typeof value === "number" && Number.isFinite(value))) reading[key] = value;
  }
  // "status" and "total" alone are words that logs and other programs use, too.
  const isOurs = "progress" in reading || "current" in reading ||
    Object.keys(fields).every((key) => KEYS.has(key));
  if (!isOurs) return null;
  if (typeof fields.status === "string") reading.status = fields.status;
  if (typeof fields.unit === "string" || fields.unit === null) reading.unit = fields.unit;
  return Object.keys(reading).length === 0 ? null : reading;
}

/** JSON lines of other programs, such as `restic --json`. */
export function foreignJson(): Format {
  return ({ text }) => {
    const fields = objectIn(text);
    if (fields === undefined) return undefined;
    return stepOf(fields) ?? sightingOf(fields) ?? null;
  };
}

/** `{"type":"step","data":{"message":"Fetching packages","current":2,"total":4}}` of yarn. */
function stepOf({ type, data }: Readonly<Record<string, unknown>>): Sighting | undefined {
  if (type !== "step" || typeof data !== "object" || data === null) return undefined;
  const { current, total, message } = data as Readonly<Record<string, unknown>>;
  if (typeof current !== "number" || typeof total !== "number") return undefined;
  return counted("json step", current, total, {
    rank: RANK.stated,
    isBeginning: true,
    status: textOf(message),
  });
}

function sightingOf(fields: Readonly<Record<string, unknown>>): Sighting | undefined {
  const options = { rank: RANK.stated, label: textOf(fields.id ?? fields.digest ?? fields.name ?? "") };
  for (const key of FRACTIONS) {
    const value = fields[key];
    if (typeof value === "number" && value <= 1) return percentage("json", value * 100, options);
  }
  for (const key of PERCENTS) {
    const value = fields[key];
    if (typeof value === "number") return percentage("json", value, options);
  }
  for (const [done, total, unit] of PAIRS) {
    const [current, whole] = [fields[done], fields[total]];
    if (typeof current === "number" && typeof whole === "number") {
      return counted("json", current, whole, { ...options, unit });
    }
  }
  return undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
}
