/**
 * Recognises rows of one character that grow under a ruler, such as `0%   10   20` and `|----|----|`. Pure.
 *
 * @module
 */

import { type Format, percentage } from "../reading.ts";

/** `|----|----|----|----|----|`, `|----------------------|` with bars at the ends of the row, too, or `----5---10---15` and so on up to 100 */
const RULER = /^(?:\|-{20,100}\||[|[](?:-{2,9}\|){4,40}|-{1,9}\d{1,2}(?:-{1,9}\d{1,2}){3,24}-{1,9}100)$/;
const PLAIN = /^\|-+\|$/;
/** The line that R writes before it draws 50 signs for a download of known size. */
const R_DOWNLOAD = /^Content type '[^']{0,200}' length \d{1,15} bytes\b/;
const R_WIDTH = 50;
const ROW = /^\|?([*#=+.])\1{0,200}\|?$/;

/**
 * Reads Boost's progress_display, RcppProgress, KenLM, R's downloads and others: the work is complete when the row is
 * as wide as the ruler.
 */
export function rulers(): Format {
  let width = 0;
  return ({ text, raw }) => {
    if (RULER.test(text)) {
      width = text.length - (PLAIN.test(text) ? 2 : 0);
      return null;
    }
    if (R_DOWNLOAD.test(text)) {
      width = R_WIDTH;
      return null;
    }
    if (width === 0) return undefined;
    const row = raw.trimEnd();
    if (!ROW.test(row)) {
      if (row !== "") width = 0;
      return undefined;
    }
    const cells = row.startsWith("|") ? row.replaceAll("|", "").length : row.length;
    return percentage("ruler", Math.min(100, cells / width * 100)) ?? null;
  };
}
