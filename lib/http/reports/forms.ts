/**
 * Converts reports from form fields (`curl -d progress=50 -d status=Copying`), and logs from plain text, to JSON values.
 *
 * @module
 */

import { LIMITS } from "../../task/grammar.ts";
import { numberFrom } from "../../task/number_text.ts";
import { truncate } from "../../task/truncate.ts";
import { UPDATE_FIELD_NAMES, UPDATE_FIELDS, type UpdateField } from "../../task/update_fields.ts";
import { isTooDeep } from "../body.ts";
import { Problem } from "../problem.ts";
import { badBody } from "./schemas.ts";

/** The maximum number of lines of plain text in one request. */
export const MAX_TEXT_LINES = 50_000;

/**
 * Parsers for fields whose values are not texts. A value that cannot be parsed stays a text, so that the
 * validation error quotes it.
 */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  ...Object.fromEntries(UPDATE_FIELD_NAMES.map((name) => [name, updateReader(UPDATE_FIELDS[name])])),
  stale_after: orNull(number),
  parent_id: orNull((text) => text),
  weight: number,
  share: orNull(number),
  seq: number,
  first: number,
  started: (text) => text === "true" ? true : text === "false" ? false : text,
  result: jsonOrText,
};

/** Parsers for fields that may be repeated. */
const LISTS: Readonly<Record<string, (texts: readonly string[]) => readonly string[]>> = {
  tags: (texts) => texts.flatMap((text) => text.split(",")).filter((tag) => tag !== ""),
  lines: (texts) => texts,
};

/**
 * Converts form fields to a JSON value. `metadata.key=value`, `values.name=number` and `error.message=text` become
 * fields of an object.
 *
 * @param fields the form fields
 * @returns the JSON value, not validated yet
 * @throws {Problem} 400 if a field is repeated although it may be given only once
 */
export function valueOfForm(fields: URLSearchParams): unknown {
  const values = new Map<string, unknown>();
  const parts = new Map<string, Map<string, unknown>>();
  for (const [name, given] of Map.groupBy(fields, ([name]) => name)) {
    const texts = given.map(([, text]) => text);
    if (Object.hasOwn(LISTS, name)) {
      values.set(name, LISTS[name]!(texts));
      continue;
    }
    if (texts.length > 1) throw badBody(`The field "${name.slice(0, 100)}" may be given only once`);
    const [whole, part] = partsOf(name);
    if (part === null) {
      values.set(name, (Object.hasOwn(READERS, name) ? READERS[name]! : String)(texts[0]!));
    } else {
      const object = parts.get(whole) ?? new Map<string, unknown>();
      parts.set(whole, object.set(part, whole === "values" ? number(texts[0]!) : texts[0]));
    }
  }
  for (const [name, object] of parts) {
    if (values.has(name)) {
      throw badBody(`The field "${name}" may be given as one field or in parts, not both`);
    }
    values.set(name, Object.fromEntries(object));
  }
  return Object.fromEntries(values);
}

/**
 * Splits plain text into the lines of a log. Lines that are too long are truncated instead of refused, because the sender
 * of a program's output has no control over them.
 *
 * @param text the lines; the last one may lack a line break
 * @returns the lines
 * @throws {Problem} 400 if there are too many lines
 */
export function linesOfText(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length;) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, text[end - 1] === "\r" && end > start && found !== -1 ? end - 1 : end);
    if (lines.push(truncate(line, LIMITS.logLineLength)) > MAX_TEXT_LINES) throw tooManyLines();
    start = end + 1;
  }
  // In V8, a slice keeps the whole string that it was cut from in memory, so the lines are copied.
  return JSON.parse(JSON.stringify(lines));
}

function tooManyLines(): Problem {
  return new Problem(
    "too_many",
    `Cannot add the lines: at most ${MAX_TEXT_LINES} lines of text are accepted`,
  );
}

function partsOf(name: string): readonly [whole: string, part: string | null] {
  const match = /^(metadata|error|values)\.([^]*)$/.exec(name);
  return match === null ? [name, null] : [match[1]!, match[2]!];
}

function updateReader(field: UpdateField): (text: string) => unknown {
  if (field.kind === "amount" || field.kind === "weight") return orNull(number);
  const isNullable = field.kind === "text" && field.isNullable;
  return isNullable ? orNull((text) => text) : (text) => text;
}

function number(text: string): unknown {
  return numberFrom(text) ?? text;
}

function orNull(read: (text: string) => unknown): (text: string) => unknown {
  return (text) => text === "" || text === "null" ? null : read(text);
}

function jsonOrText(text: string): unknown {
  // A text that is nested too deeply is not parsed, because parsing could overflow the stack.
  if (isTooDeep(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
