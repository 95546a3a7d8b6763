/**
 * Recognises xz on several files: the number of the file in one row, and the percentage of that file in the next. Pure.
 *
 * @module
 */

import { percentOf } from "../numbers.ts";
import { type Format, percentage, RANK } from "../reading.ts";

/** `log1.txt (1/4)` */
const FILE = /^\S.{0,300} \((\d{1,6})\/(\d{1,6})\)$/;
/** `  17.4 %           0.4 MiB / 0.6 MiB = 0.729` */
const PERCENT = /^(\d{1,3}\.\d) % +[\d.,]+ (?:[KMGT]i)?B \/ [\d.,]+ (?:[KMGT]i)?B = [\d.]+/;

/** Combines the number of the current file and the percentage of it into the progress of all files. */
export function xzFiles(): Format {
  let file: { readonly number: number; readonly total: number } | null = null;
  return ({ text }) => {
    const [, number, total] = FILE.exec(text) ?? [];
    if (number !== undefined) {
      file = Number(number) <= Number(total) ? { number: Number(number), total: Number(total) } : null;
      return undefined;
    }
    const percent = file === null ? undefined : PERCENT.exec(text)?.[1];
    if (file === null || percent === undefined) return undefined;
    const progress = (file.number - 1 + percentOf(percent) / 100) / file.total * 100;
    return percentage("xz files", progress, { rank: RANK.stated }) ?? null;
  };
}
