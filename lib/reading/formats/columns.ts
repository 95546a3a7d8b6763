/**
 * Recognises tables in which the head of a column says that it is progress. Pure.
 *
 * @module
 */

import { countOf } from "../numbers.ts";
import { counted, type Format, percentage, RANK, type Sighting } from "../reading.ts";

/** `    %|avg.bitrate| speed|play time` */
const HEAD = /^\s*%\s*\|\s*\p{L}/u;
/** `  3.5   92.7 kbps 95.32x` */
const ROW = /^\s*(?:(\d{1,3}(?:\.\d{1,4})?)|-\.-)\s{2,}\S/;
/** `Move Log Cpy%Sync Convert`, `NAME  SIZE  %Done`, but not `42 % done` */
const NAMED_HEAD =
  /(?<=\s)(?<!\d\s)(?:Cpy%Sync|% ?(?:Done|Complete|Progress)|(?:Done|Complete|Progress) ?%)(?=\s|$)/i;
/** `done/total`, `Bytes processed/all` */
const PAIR_HEAD = /(?<=\s)(?:done|complete|completed|processed|finished) ?\/ ?(?:total|all|of)(?=\s|$)/i;
const PAIR = /(?<=\s)(\d{1,15}) ?\/ ?(\d{1,15})(?=\s|$)/g;
const NUMBER = /(?<=\s)\d{1,3}(?:\.\d{1,4})?(?=\s|%|$)/g;

/**
 * Reads tables of mpcenc, LVM, puf and others, in which the numbers below a percent sign or `done/total` are progress. A
 * table ends at a line that has no number there.
 */
export function columns(): Format {
  let hasHead = false;
  /** The position of the column below a named head, and the kind of its numbers. */
  let named: Column | null = null;
  return ({ text, raw, isRedraw }) => {
    const isHead = raw.includes("%");
    if (isHead && HEAD.test(raw)) {
      hasHead = true;
      return null;
    }
    const head = (isHead ? NAMED_HEAD : PAIR_HEAD).exec(raw);
    if (head !== null) {
      named = { from: head.index, to: head.index + head[0].length, number: isHead ? NUMBER : PAIR };
      return null;
    }
    const row = hasHead ? ROW.exec(text) : null;
    if (row !== null) return row[1] === undefined ? null : percentage("column", Number(row[1])) ?? null;
    const cell = named === null ? undefined : cellOf(raw, named);
    if (named !== null && cell !== undefined) return below(raw, cell);
    if (isRedraw) return undefined;
    if (raw.trim() !== "") hasHead = false;
    if (named !== null && (raw.trim() === "" || raw.slice(named.from, named.to).trim() !== "")) named = null;
    return undefined;
  };
}

interface Column {
  readonly from: number;
  readonly to: number;
  readonly number: RegExp;
}

/** Finds the number in a column of a row; `undefined` if the column has none, or has other text beside it. */
function cellOf(row: string, { from, to, number }: Column): RegExpExecArray | undefined {
  for (const match of row.matchAll(number)) {
    const end = match.index + match[0].length;
    if (match.index >= to || end <= from) continue;
    const beside = row.slice(from, Math.max(from, match.index)) + row.slice(end, Math.max(to, end));
    return /^[\s%]*$/.test(beside) ? match : undefined;
  }
  return undefined;
}

function below(row: string, [value, current, total]: RegExpExecArray): Sighting | null {
  if (current !== undefined && total !== undefined) {
    return counted("column", countOf(current), countOf(total), { rank: RANK.drawn }) ?? null;
  }
  const label = /^\s*(\S{1,80})/.exec(row)?.[1] ?? "";
  return percentage("column", Number(value), { rank: RANK.bare, isNamed: true, label }) ?? null;
}
