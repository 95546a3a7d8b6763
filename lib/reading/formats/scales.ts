/**
 * Recognises scales that are drawn from left to right, such as `0...10...20`. Pure.
 *
 * @module
 */

import { counted, type Format, percentage } from "../reading.ts";

/** Words, and a scale of dots and numbers that ends with the line. */
const SCALE =
  /^(?:(?<what>[^\d.]{0,80}?)[: ]*|.{1,120}[:\]] )(?<scale>\.{0,12}\d{1,3}(?: ?\.+ ?\d{1,3})+(?: ?\.+)?|0\.{1,3})(?: ?- done\.?| ?done\.?)?$/;
/** `120 [0.. 50.. 100.. ]`: the total, and the numbers of items done. */
const COUNTS = /^(\d{1,9}) \[(?:\d{1,9}\.\. ){0,80}?(\d{1,9})\.\. ?\]?$/;
/** `25% to 50% .oOo.oOo`: the part in progress, and signs for how much of it is done. */
const PART = /^(\d{1,3})% to {1,3}\d{1,3}% {0,3}[.oO*#=]{0,200}$/;
/** `0.. 0.. 1.. 2.. `: percentages that are written one after the other, with repetitions. */
const PERCENTS = /^0\.\. ?(?:\d{1,3}\.\. ?){2,800}$/;
/** The maximum difference between two consecutive percentages, in percentage points. */
const MOST_RISE = 10;
/** The number of dots between two numbers of GDAL's scale. */
const GDAL_DOTS = 3;

/** Reads GDAL's tools, llvm-lit, asr, bandit and others that draw `0...10...20`. */
export function scales(): Format {
  return ({ text }) => {
    const part = PART.exec(text)?.[1];
    if (part !== undefined) return percentage("scale", Number(part)) ?? null;
    if (!text.includes("..") && !text.includes(". ")) return undefined;
    const [, total, done] = COUNTS.exec(text) ?? [];
    if (total !== undefined && done !== undefined) {
      return counted("scale", Number(done), Number(total)) ?? null;
    }
    const percents = PERCENTS.test(text) ? text.match(/\d+/g)!.map(Number) : [];
    if (percents.length > 0 && isSlow(percents)) return percentage("scale", percents.at(-1)!) ?? null;
    const { what = "", scale = "" } = SCALE.exec(text)?.groups ?? {};
    const points = scale.match(/\d+/g)?.map(Number) ?? [];
    const last = points.at(-1);
    if (last === undefined || !isScale(points) || (points.length === 1 && /[^\s:]\s*$/.test(what))) {
      return undefined;
    }
    const dots = /\d(\.{1,3})$/.exec(text)?.[1]?.length ?? 0;
    const isGdal = points[0] === 0 && !scale.includes("....") && !scale.includes(" ");
    const progress = Math.min(100, last + (isGdal ? dots * 10 / (GDAL_DOTS + 1) : 0));
    return percentage("scale", progress, { status: what.trim() }) ?? null;
  };
}

/** Whether numbers have equal distances and begin at 0 or at that distance. Versions and dates do not. */
function isScale(points: readonly number[]): boolean {
  const [first = 0, second] = points;
  const step = first === 0 ? second ?? 10 : first;
  if (![5, 10, 20, 25].includes(step)) return false;
  return points.every((point, index) => point === (first === 0 ? index : index + 1) * step);
}

/** Whether numbers never fall, and rise only by small steps. */
function isSlow(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => {
    const rise = number - (numbers[index - 1] ?? 0);
    return rise >= 0 && rise <= MOST_RISE;
  });
}
