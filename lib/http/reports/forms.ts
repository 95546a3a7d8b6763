/**
 * Reports as the fields of a form, `curl -d progress=50 -d status=Copying`, and logs as plain text: from them to what the
 * same report would be as JSON.
 *
 * @module
 */

import { LIMITS } from "../../task/grammar.ts";
import { truncate } from "../../task/truncate.ts";
import { UPDATE_FIELD_NAMES, UPDATE_FIELDS, type UpdateField } from "../../task/update_fields.ts";
import { isTooDeep } from "../body.ts";
import { badBody } from "./schemas.ts";

/** A number as JSON writes it, or with a sign or a zero less. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** How the texts of fields are read that are something else; what can't be read stays, and is refused as text. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  ...Object.fromEntries(UPDATE_FIELD_NAMES.map((name) => [name, updateReader(UPDATE_FIELDS[name])])),
  stale_after: orNull(number),
  parent_id: orNull((text) => text),
  weight: number,
  seq: number,
  first: number,
  started: (text) => text === "true" ? true : text === "false" ? false : text,
  result: jsonOrText,
};

/** Fields that may be given more than once. */
const LISTS: Readonly<Record<string, (texts: readonly string[]) => readonly string[]>> = {
  tags: (texts) => texts.flatMap((text) => text.split(",")).filter((tag) => tag !== ""),
  lines: (texts) => texts,
};

/**
 * What the fields of a form would be as JSON. `metadata.key=value` and `error.message=text` are the fields of an object.
 *
 * @param fields what came
 * @returns the value, still unchecked
 * @throws {Problem} 400 where a field is given more than once that there can be only one of
 */
export function valueOfForm(fields: URLSearchParams): unknown {
  const values = new Map<string, unknown>();
  const parts = new Map<string, Map<string, unknown>>();
  for (const name of new Set(fields.keys())) {
    const texts = fields.getAll(name);
    if (Object.hasOwn(LISTS, name)) {
      values.set(name, LISTS[name]!(texts));
      continue;
    }
    if (texts.length > 1) throw badBody(`The field "${name.slice(0, 100)}" may be given once`);
    const [whole, part] = partsOf(name);
    if (part === null) {
      values.set(name, (Object.hasOwn(READERS, name) ? READERS[name]! : String)(texts[0]!));
    } else {
      const object = parts.get(whole) ?? new Map<string, unknown>();
      parts.set(whole, object.set(part, texts[0]));
    }
  }
  for (const [name, object] of parts) {
    if (values.has(name)) throw badBody(`The field "${name}" may be given whole, or in parts`);
    values.set(name, Object.fromEntries(object));
  }
  return Object.fromEntries(values);
}

/**
 * The lines of a log as plain text. Lines that are too long are cut, as whoever sends what a program wrote can't know.
 *
 * @param text the lines, each with its end; the last one may have none
 * @returns the lines
 */
export function linesOfText(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => truncate(line, LIMITS.logLineLength));
}

function partsOf(name: string): readonly [whole: string, part: string | null] {
  const match = /^(metadata|error)\.([^]*)$/.exec(name);
  return match === null ? [name, null] : [match[1]!, match[2]!];
}

function updateReader(field: UpdateField): (text: string) => unknown {
  if (field.kind === "amount") return orNull(number);
  const isNullable = field.kind === "text" && field.isNullable;
  return isNullable ? orNull((text) => text) : (text) => text;
}

function number(text: string): unknown {
  return NUMBER.test(text) ? Number(text) : text;
}

function orNull(read: (text: string) => unknown): (text: string) => unknown {
  return (text) => text === "" || text === "null" ? null : read(text);
}

function jsonOrText(text: string): unknown {
  // A text it may be, however many brackets are in it.
  if (isTooDeep(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
