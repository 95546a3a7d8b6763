import type { Format, Reading } from "../reading.ts";

const NUMBERS = ["progress", "current", "total"] as const;
const TEXTS = ["unit", "status"] as const;
const KEYS: ReadonlySet<string> = new Set([...NUMBERS, ...TEXTS]);

/**
 * Reads JSON lines of programs that report to Taskscope this way: `{"progress": 42, "status": "Reading a.txt"}`. An object
 * with other keys is a log line.
 */
export function jsonLines(): Format {
  return (text) => {
    const trimmed = text.trim();
    if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
    const fields = parsed(trimmed);
    return fields === null ? undefined : readingOf(fields);
  };
}

function readingOf(fields: Readonly<Record<string, unknown>>): Reading | null {
  const reading: Record<string, unknown> = {};
  for (const key of NUMBERS) {
    const value = fields[key];
    if (value === null || (typeof value === "number" && Number.isFinite(value))) reading[key] = value;
  }
  // "status" alone is a word that logs use, too.
  const isOurs = Object.keys(reading).length > 0 || Object.keys(fields).every((key) => KEYS.has(key));
  if (!isOurs) return null;
  if (typeof fields.status === "string") reading.status = fields.status;
  if (typeof fields.unit === "string" || fields.unit === null) reading.unit = fields.unit;
  return Object.keys(reading).length === 0 ? null : reading;
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
