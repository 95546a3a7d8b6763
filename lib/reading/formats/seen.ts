/**
 * Describes a line of an unknown program: its numbers, and the text around them. Pure.
 *
 * @module
 */

import { percentOf } from "../numbers.ts";
import type { Line } from "../reading.ts";
import { type Bar, BAR_SIGN, barIn } from "./bars.ts";
import type { ScaleDots } from "./percent_scales.ts";
import * as words from "./words.ts";

/**
 * The maximum difference between a number and the bar that shows it, in percentage points, in addition to one cell of
 * the bar.
 */
const BAR_POINTS = 2;

/** A line whose bar is replaced by a sign. */
export interface Seen {
  readonly text: string;
  readonly isRedraw: boolean;
  readonly bar: Bar | undefined;
  readonly scaleDots: ScaleDots;
}

/** Replaces the bar of a line. */
export function seenOf({ text, isRedraw }: Line, scaleDots: ScaleDots): Seen {
  const bar = barIn(text);
  return { text: bar?.rest ?? text, isRedraw, bar, scaleDots };
}

/**
 * `CPU [#### ] 42%`, `0[||| 42%] 1[|| 31%]`: Whether the bars of a line are gauges, which show how much of something is
 * in use.
 */
export function isLevel({ text, bar }: Seen): boolean {
  if ((text.match(words.BARS)?.length ?? 0) > 1) return true;
  return bar !== undefined && words.LEVEL_BEFORE.test(text.slice(0, text.indexOf(BAR_SIGN)));
}

/** Whether a number has a bar beside it, or one that is filled to the same percentage. */
export function hasBar(match: RegExpExecArray, percent: number, bar: Bar | undefined): boolean {
  return words.BAR_BEFORE.test(before(match)) || words.BAR_BEHIND.test(behind(match)) ||
    isShownBy(bar, percent);
}

/** Whether a bar is filled to a percentage. */
export function isShownBy(bar: Bar | undefined, percent: number): boolean {
  if (bar === undefined || bar.share === null) return false;
  return Math.abs(bar.share * 100 - percent) <= BAR_POINTS + 100 / bar.width;
}

/** Whether a number counts something other than progress, such as memory. */
export function isOther(match: RegExpExecArray, otherBehind: RegExp, isRedraw = false): boolean {
  if (words.BAR_BEFORE.test(before(match))) return false;
  const isTable = isRedraw ? /^\s*[|│]/.test(match.input) : words.TABLE.test(match.input);
  if (
    isTable && !words.COLUMN_OF_TIME.test(behind(match)) && !match.input.includes(BAR_SIGN) &&
    !words.BAR.test(match.input)
  ) return true;
  const left = before(match);
  const isOfOther = words.OTHER_BEFORE.test(left) || words.OTHER_CLAUSE.test(left);
  return (isOfOther && !words.DOING_TO.test(left)) ||
    otherBehind.test(behind(match)) ||
    words.RATIO_BEHIND.test(behind(match)) || words.OTHER_LINE.test(match.input);
}

/** The value of a match of {@linkcode words.PERCENT}. */
export function valueOf(match: RegExpExecArray): number {
  return percentOf(match[1] ?? match[2]!);
}

/** The text in front of a match. */
export function before(match: RegExpExecArray): string {
  return match.input.slice(0, match.index);
}

/** The text behind a match. */
export function behind(match: RegExpExecArray): string {
  return match.input.slice(match.index + match[0].length);
}

/** Returns the line without the number and without other changing parts: bars, rates, times. */
export function labelOf(match: RegExpExecArray): string {
  const line = `${before(match)}#${behind(match)}`;
  return line.replace(/[#=█▓▒░━■▉▊▋▌▍▎▏>⣿⣀.·*▮-]{2,}|[▮▰▱]/g, " ").replace(/[[\]()|<>]/g, " ")
    .replace(/(?<!\w)\d[\d.,:]*\s?(?:[kKMGTP]?i?[Bb](?:ytes)?(?:\/s|ps)?|it\/s|s\/it|[smhd])(?!\w)/g, "#");
}

/** Returns the words in front of the number, if they say what is being done: `Copying a.txt: 42%`. */
export function statusOf(match: RegExpExecArray): string | undefined {
  const left = before(match);
  const found = /^\W{0,16}?(\p{L}[^\d%|[\]#=█━▮]{1,100}?)\s*([:.…]*)[\s([▮]*$/u.exec(left);
  if (found === null || (found[2] === "" && !/^\W*\p{L}{2,20}ing\b/u.test(left))) return undefined;
  return found[1]!.trim();
}

/** Whether nothing but spaces stands between two matches. */
export function isBeside(a: RegExpExecArray, b: RegExpExecArray): boolean {
  return /^ +$/.test(a.input.slice(a.index + a[0].length, b.index));
}

/** Whether two numbers are a month: `12/2026`. */
export function isMonth(current: string, total: string): boolean {
  return /^(?:19|20)\d\d$/.test(total) && Number(current) >= 1 && Number(current) <= 12;
}
