/**
 * Recognises progress in JSON lines. Pure.
 *
 * @module
 */

import { areValues } from "../../task/values.ts";
import { counted, type Format, percentage, RANK, type Reading, type Sighting } from "../reading.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The maximum depth in an object at which progress is looked for. */
const MOST_LEVELS = 2;
/** The maximum number of parts that are remembered. */
const MOST_PARTS = 100;
/** Names of other quantities that have percentages: `{"cpu":{"percent":42}}`, `{"metric":"memory","percent":42}`. */
const LEVEL =
  /^(?:(?:cpu|gpu|mem|memory|ram|heap|swap|disk|fs|filesystem|storage|load|battery|usage|utilization|network|bandwidth|cache|coverage|quota|temperature|fan|humidity|health|errors?|pool|queue)s?(?:_\w{1,20})?)$/i;
const NUMBERS = ["progress", "current", "total"] as const;
const KEYS: ReadonlySet<string> = new Set(["progress", "current", "total", "unit", "status", "values"]);
/** Keys of the messages that other programs write for programs: `borg --log-json`. */
const ENVELOPE = ["type", "event", "operation", "msgid"] as const;
/** The keys under which programs write fractions and percentages of progress. */
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
 * @returns the reading; `null` if the line is a JSON object of another kind; `undefined` if it is not a JSON object
 */
export function ownJson(text: string): Reading | null | undefined {
  const fields = objectIn(text);
  if (fields === undefined) return undefined;
  const reading: Record<string, unknown> = {};
  for (const key of NUMBERS) {
    const value = fields[key];
    if (value === null || (typeof value === "number" && Number.isFinite(value))) reading[key] = value;
  }
  const values = valuesIn(fields.values);
  if (values !== undefined) reading.values = values;
  // The other keys are words that logs and other programs use, too.
  const isOurs = ("progress" in reading && !ENVELOPE.some((key) => key in fields)) || "values" in reading ||
    Object.keys(fields).every((key) => KEYS.has(key));
  if (!isOurs) return null;
  if (typeof fields.status === "string") reading.status = fields.status;
  if (typeof fields.unit === "string" || fields.unit === null) reading.unit = fields.unit;
  return Object.keys(reading).length === 0 ? null : reading;
}

/** Returns the value if it is an object of only numbers; otherwise `undefined`. */
function valuesIn(value: unknown): Reading["values"] {
  if (!areValues(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, number] =>
    typeof entry[1] === "number"
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Reads JSON lines of other programs, such as `restic --json`. */
export function foreignJson(): Format {
  const totals = new Map<unknown, number>();
  return ({ text }) => {
    const fields = objectIn(text);
    if (fields === undefined) return undefined;
    return stepOf(fields) ?? partOf(fields, totals) ?? operationOf(fields) ??
      deepSightingOf(fields, MOST_LEVELS) ?? null;
  };
}

/** `{"type":"step","data":{"message":"Fetching packages","current":2,"total":4}}` of yarn. */
function stepOf({ type, data }: Fields): Sighting | undefined {
  if (type !== "step" || !isObject(data)) return undefined;
  const { current, total, message } = data;
  if (typeof current !== "number" || typeof total !== "number") return undefined;
  return counted("json step", current, total, {
    rank: RANK.stated,
    isBeginning: true,
    status: textOf(message),
  });
}

/** `{"type":"progressStart","data":{"id":1,"total":214}}` and `{"type":"progressTick","data":{"id":1,"current":9}}` of yarn. */
function partOf({ type, data }: Fields, totals: Map<unknown, number>): Sighting | undefined {
  if (!isObject(data)) return undefined;
  const { id, current, total } = data;
  if (type === "progressStart" && typeof total === "number" && totals.size < MOST_PARTS) {
    totals.set(id, total);
  }
  const whole = totals.get(id);
  if (type === "progressFinish") totals.delete(id);
  if (type !== "progressTick" || typeof current !== "number" || whole === undefined) return undefined;
  return counted("json part", current, whole, { label: `${id}` });
}

/** `{"type":"progress_percent","msgid":"repository.check","message":"Checking 50.0%","current":9,"total":18}` of borg. */
function operationOf(fields: Fields): Sighting | undefined {
  if (isOfLevel(fields)) return undefined;
  const { progress, current, total, unit, msgid, status, message } = fields;
  const options = {
    rank: RANK.stated,
    label: textOf(msgid),
    unit: typeof unit === "string" ? unit : null,
    status: textOf(status ?? message).replace(/[\s:]*\d{1,3}(?:\.\d{1,4})? ?%$/, ""),
  };
  if (typeof progress === "number") return percentage("json", progress, options);
  if (typeof current !== "number" || typeof total !== "number") return undefined;
  return counted("json", current, total, options);
}

/** Returns what the first object that has progress says, searching at most the given number of levels. */
function deepSightingOf(fields: Fields, levels: number): Sighting | undefined {
  const found = sightingOf(fields) ?? documentsOf(fields);
  if (found !== undefined || levels === 0) return found;
  for (const [key, value] of Object.entries(fields)) {
    const below = isObject(value) && !LEVEL.test(key) ? deepSightingOf(value, levels - 1) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Reads the status of a reindexing task of Elasticsearch or OpenSearch. */
function documentsOf({ total, batches, ...counts }: Fields): Sighting | undefined {
  if (typeof total !== "number" || typeof batches !== "number") return undefined;
  const done = ["created", "updated", "deleted", "noops", "version_conflicts"]
    .reduce((sum, key) => sum + (typeof counts[key] === "number" ? counts[key] : 0), 0);
  return counted("json", done, total, { rank: RANK.stated, unit: "documents" });
}

/** Whether a name is that of another quantity with percentages, such as memory. */
export function isNameOfLevel(name: string): boolean {
  return LEVEL.test(name);
}

/** `{"metric":"memory","percent":42}` */
function isOfLevel(fields: Fields): boolean {
  return Object.values(fields).some((value) => typeof value === "string" && LEVEL.test(value));
}

/** Reads the fields of an object, without nested objects. */
export function sightingOf(fields: Fields): Sighting | undefined {
  if (isOfLevel(fields)) return undefined;
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

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectIn(text: string): Fields | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
}
