/**
 * Recognises tables in which a percent sign heads a column. Pure.
 *
 * @module
 */

import { type Format, percentage, RANK, type Sighting } from "../reading.ts";

/** `    %|avg.bitrate| speed|play time` */
const HEAD = /^\s*%\s*\|\s*\p{L}/u;
/** `  3.5   92.7 kbps 95.32x` */
const ROW = /^\s*(\d{1,3}(?:\.\d{1,4})?)\s{2,}\S/;
/** `Move Log Cpy%Sync Convert`, `NAME  SIZE  %Done` */
const NAMED_HEAD = /(?<=\s)(?:Cpy%Sync|% ?(?:Done|Complete|Progress)|(?:Done|Complete|Progress) ?%)(?=\s|$)/i;
const NUMBER = /(?<=\s)\d{1,3}(?:\.\d{1,4})?(?=\s|%|$)/g;

/** Tables of mpcenc, LVM and others: the numbers below a percent sign are percentages. */
export function columns(): Format {
  let hasHead = false;
  /** The columns of characters below a named head. */
  let named: readonly [number, number] | null = null;
  return ({ text, raw }) => {
    const isHead = raw.includes("%");
    if (isHead && HEAD.test(raw)) {
      hasHead = true;
      return null;
    }
    const head = isHead ? NAMED_HEAD.exec(raw) : null;
    if (head !== null) {
      named = [head.index, head.index + head[0].length];
      return null;
    }
    const percent = hasHead ? ROW.exec(text)?.[1] : undefined;
    if (percent !== undefined) return percentage("column", Number(percent)) ?? null;
    return named === null ? undefined : below(raw, named);
  };
}

function below(row: string, [from, to]: readonly [number, number]): Sighting | undefined {
  for (const match of row.matchAll(NUMBER)) {
    if (match.index >= to || match.index + match[0].length <= from) continue;
    const label = /^\s*(\S{1,80})/.exec(row)?.[1] ?? "";
    return percentage("column", Number(match[0]), { rank: RANK.bare, isNamed: true, label });
  }
  return undefined;
}
