/**
 * Recognises objects that are printed over several lines, as JSON or as a console prints them. Pure.
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
/** Longer objects are data. */
const MOST_FIELDS = 40;

/** An object whose end has not come yet. */
interface Open {
  readonly fields: Record<string, unknown>;
  lines: number;
  /** How many objects and lists within are open; what they hold is not of the whole. */
  depth: number;
}

/** Reads such objects at their ends. One of them may be a result, so that the number has to rise. */
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
