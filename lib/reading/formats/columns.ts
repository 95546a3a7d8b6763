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
const ROW = /^\s*(\d{1,3}(?:\.\d{1,4})?)\s{2,}\S/;
/** `Move Log Cpy%Sync Convert`, `NAME  SIZE  %Done` */
const NAMED_HEAD = /(?<=\s)(?:Cpy%Sync|% ?(?:Done|Complete|Progress)|(?:Done|Complete|Progress) ?%)(?=\s|$)/i;
/** `done/total`, `Bytes processed/all` */
const PAIR_HEAD = /(?<=\s)(?:done|complete|completed|processed|finished) ?\/ ?(?:total|all|of)(?=\s|$)/i;
const PAIR = /(?<=\s)(\d{1,15}) ?\/ ?(\d{1,15})(?=\s|$)/g;
const NUMBER = /(?<=\s)\d{1,3}(?:\.\d{1,4})?(?=\s|%|$)/g;

/**
 * Reads tables of mpcenc, LVM, puf and others, in which the numbers below a percent sign or `done/total` are progress.
 */
export function columns(): Format {
  let hasHead = false;
  /** The position of the column below a named head, and the kind of its numbers. */
  let named: Column | null = null;
  return ({ text, raw }) => {
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
    const percent = hasHead ? ROW.exec(text)?.[1] : undefined;
    if (percent !== undefined) return percentage("column", Number(percent)) ?? null;
    return named === null ? undefined : below(raw, named);
  };
}

interface Column {
  readonly from: number;
  readonly to: number;
  readonly number: RegExp;
}

function below(row: string, { from, to, number }: Column): Sighting | undefined {
  for (const match of row.matchAll(number)) {
    if (match.index >= to || match.index + match[0].length <= from) continue;
    const [value, current, total] = match;
    if (current !== undefined && total !== undefined) {
      return counted("column", countOf(current), countOf(total), { rank: RANK.drawn });
    }
    const label = /^\s*(\S{1,80})/.exec(row)?.[1] ?? "";
    return percentage("column", Number(value), { rank: RANK.bare, isNamed: true, label });
  }
  return undefined;
}
