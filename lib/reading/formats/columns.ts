/**
 * Tables whose first column is headed by a percent sign. Pure.
 *
 * @module
 */

import { type Format, percentage } from "../reading.ts";

/** `    %|avg.bitrate| speed|play time` */
const HEAD = /^\s*%\s*\|\s*\p{L}/u;
/** `  3.5   92.7 kbps 95.32x` */
const ROW = /^\s*(\d{1,3}(?:\.\d{1,4})?)\s{2,}\S/;

/** Tables of mpcenc and others: the numbers below a percent sign are percentages. */
export function columns(): Format {
  let hasHead = false;
  return ({ text, raw }) => {
    if (HEAD.test(raw)) {
      hasHead = true;
      return null;
    }
    const percent = hasHead ? ROW.exec(text)?.[1] : undefined;
    return percent === undefined ? undefined : percentage("column", Number(percent)) ?? null;
  };
}
