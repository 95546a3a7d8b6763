/**
 * Recognises programs that state how many items they check, and then write one character per item. Pure.
 *
 * @module
 */

import { counted, type Format, RANK } from "../reading.ts";
import { announcementIn } from "./announcements.ts";

/** A row with a dot or a letter for each item. Different letters without a dot may be a word, such as `SUCCESS`. */
const ROW = /^(?:(?=[^.·]*[.·])[.·×°±FEWCRISPTUsx*]{1,400}|([.·×FEWCRISPTUsx*])\1{0,400})$/;

/** A row of one character other than a dot. */
const RULE = /^([^.·])\1+$/;

/** Results behind the name of a file. A program that writes such rows states its progress itself. */
const NAMED_ROW = /^\S{1,300}\.[a-z]{2,4} +[.FEsxXR]/;

/** Counts the characters of rows that consist only of results. */
export function resultDots(): Format {
  let plan: { readonly total: number; readonly unit: string } | null = null;
  /** The number of results in finished rows, and in the row that is being written. */
  let done = 0;
  let written = 0;
  return ({ text, raw, isRedraw }) => {
    const announced = announcementIn(text);
    if (announced !== undefined) {
      plan = announced;
      done = written = 0;
      return undefined;
    }
    if (NAMED_ROW.test(raw)) plan = null;
    if (plan === null || !ROW.test(raw)) return undefined;
    // A row that becomes shorter is a spinner: `...`, `.`, `..`.
    if (raw.length < written) plan = null;
    // A line of asterisks that was not seen growing separates parts of the output.
    if (plan === null || (RULE.test(raw) && !isRedraw && written === 0)) return undefined;
    const current = done + raw.length;
    written = isRedraw ? raw.length : 0;
    if (!isRedraw) done = current;
    return counted("result dots", current, plan.total, { rank: RANK.stated, unit: plan.unit }) ?? null;
  };
}
