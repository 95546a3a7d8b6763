/**
 * Recognises objects that are printed over several lines, as JSON or in the format of a JavaScript console. Pure.
 *
 * @module
 */

import { type Format, RANK } from "../reading.ts";
import { isNameOfLevel, sightingOf } from "./json.ts";

/** `{`, `"files": {`, `upload {` */
const OPENING = /^["']?([\w .:-]{0,60}?)["']?:? ?\{$/;
const CLOSING = /^\}[,;]?$/;
/** `percentage: 42.5,`, `"name": "a.txt",`, `parts: [` */
const FIELD = /^["']?([A-Za-z_]\w{0,40})["']?: (\S.{0,200})$/;
const NESTED = /[{[]$/;
const NESTED_END = /^[}\]],?$/;
/** The maximum number of fields; longer objects are data. */
const MOST_FIELDS = 40;

/** An object whose end has not arrived yet. */
interface Open {
  readonly fields: Record<string, unknown>;
  lines: number;
  /** The number of open nested objects and lists, whose fields are not about the whole. */
  depth: number;
}

/**
 * Reads each object when its end arrives. A single object may be a result, so the number must rise before it counts.
 */
export function objectLines(): Format {
  let open: Open | null = null;
  return ({ raw, isRedraw }) => {
    if (isRedraw || (open === null && !raw.endsWith("{"))) return undefined;
    const line = raw.trim();
    const isIndented = /^\s/.test(raw);
    if (open === null) {
      const label = OPENING.exec(line)?.[1];
      if (label === undefined || isIndented || label.split(" ").some(isNameOfLevel)) return undefined;
      open = { fields: {}, lines: 0, depth: 0 };
      return undefined;
    }
    const { fields, depth } = open;
    if (!isIndented && CLOSING.test(line)) {
      open = null;
      const found = sightingOf(fields);
      return found && { ...found, format: "object", rank: RANK.bare, isNamed: false };
    }
    const [, key, value = ""] = FIELD.exec(line) ?? [];
    if (++open.lines > MOST_FIELDS || (key === undefined && depth === 0)) {
      open = null;
      return undefined;
    }
    if (NESTED.test(line)) open.depth++;
    else if (NESTED_END.test(line)) open.depth--;
    else if (depth === 0 && key !== undefined) fields[key] = valueOf(value.replace(/,$/, ""));
    return undefined;
  };
}

function valueOf(text: string): unknown {
  const number = Number(text);
  return text !== "" && Number.isFinite(number) ? number : text.replace(/^["']|["']$/g, "");
}
