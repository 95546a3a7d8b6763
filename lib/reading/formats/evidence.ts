/**
 * Distinguishes counts of finished work from other numbers, by the words beside them. Pure.
 *
 * @module
 */

import { before, behind } from "./seen.ts";
import {
  AFTER_NOTHING,
  AROUND_NOTHING,
  DOING_WORD,
  IN_BRACKETS,
  NAMED_BEHIND,
  NOUN,
  PROGRESS_WORD,
  TIME_LEFT_BEHIND,
  UNIT,
} from "./words.ts";

const ACTION_WORD = String.raw`(?:${PROGRESS_WORD}|${DOING_WORD}|\p{L}{2,20}ed)`;
/** A word for an action, or for things that are processed in number. */
const ACTION = new RegExp(String.raw`(?<!\p{L})(?:${ACTION_WORD}|${NOUN})(?!\p{L})`, "iu");
const ACTION_BEFORE = new RegExp(String.raw`(?<!\p{L})${ACTION_WORD}(?!\p{L})`, "iu");
/** `1.2 MB/s`, `ETA 0:12` */
const RATE_BEHIND = /\d ?[kKMGT]?i?(?:B|bits?|bytes?)(?:\/s|ps)\b|\b(?:eta|left|remaining)\b/i;
/** `Hashed 350 of 6000 pieces` */
const ACTED_BEFORE = new RegExp(String.raw`(?<!\p{L})${ACTION_WORD}\s$`, "iu");
/** `0 of 5 pods have been updated` */
const ACTED_BEHIND = /\b(?:been|were|was) \p{L}{2,20}ed\b/iu;
/** `run 1 of 30`, `Job 1 of 48` */
const COUNTED_BEFORE = new RegExp(
  String
    .raw`(?<!\p{L})(?:${NOUN}|run|trial|epoch|round|iter|iteration|generation|fold|sweep|pass|phase|replicate|repetition)s?:?\s?[#([]?\s{0,3}$`,
  "iu",
);
/** `PASS [ 0.013s] (1/40)` */
const VERDICT_BEFORE = /^\W{0,4}(?:PASS|FAIL|SKIP|OK|ok|ERROR)\b.*\(\s?$/;
const VERDICT_ALONE = /^\s*(?:passed|failed|skipped|ok)\s{1,8}$/i;
const NAME_BEHIND = /^ {1,4}[\p{L}\p{N}_-]+(?:[./_-][\p{L}\p{N}]+| .*\(\d)/u;
/** `[CI/test (1/4)] npm test`: the number is a part of a name. */
const TAG_BEFORE = /^\[(?=[^\]]{0,80}[\p{L}\d])[^\]]{1,80}[\s/]\(?$/u;
const TAG_BEHIND = /^\)?\] +\S/;
/** Text behind a count that ends the statement: `(3/17)`, `3/17, `, `3/17 [`. */
const SEPARATOR_BEHIND = /^\s*[\])]?[:,;]|^ ?[[(]/;
/** A word that goes with the count, unlike the name of another value: `3/16 busy`, but not `3/16 Mem:1G`. */
const WORD_BEHIND = /^\s+\p{L}{2,}(?![\p{L}:=])/u;
/** `weights 42%`: a percentage in a line without other numbers. */
const WORDS_ALONE = /^[^\d%]{0,40}[\s[(]$/;
/** `Got 42% of https://example.com/a.img` */
const ACTED_ON_SHARE = /(?<!\p{L})(?:got|sent|wrote|built)\s$/iu;
const OF_NAME_BEHIND = /^ of ["'‘“`]?(?=\S{0,80}\p{L})[^\s"'’”`]{1,80}[./][\p{L}\p{N}]/u;
const FILE_NAME = /\p{L}[./_-][\p{L}\p{N}]|[\p{N}_][./_-]\p{L}/u;
/** `✓ renders page 3 of 12`: the number is a part of the name of a test. */
const VERDICT_ON_NAME = /^\s*[✓✔√✗✘✖×] (?=.*\p{L}).*[^\s([]\s?$/u;
/**
 * Text that may precede a percentage or a size: `parity:`, `default [`, `42% (`, `0:00:01 `, `Requests: 1396 (`, `3 MB
 * / 9 MB, `.
 */
const LABEL_BEFORE =
  /[:…[|-]\s*$|\.\.\s*$|%\s?\(\s?$|\d:\d\d\s$|: ?\d[\d,.]{0,14} \($|\d ?[kKMGT]?i?B[,;]?\s\(?$/;

/**
 * Whether the words around a count say that it counts finished work. Most counts are of something else, such as
 * players, votes or leases, and may rise as well.
 *
 * @param left the text in front of the count
 * @param right the text behind it
 * @param isRedraw whether the row is redrawn, which programs seldom do with anything but progress
 */
export function isPlausibleCount(left: string, right: string, isRedraw: boolean): boolean {
  if (TAG_BEFORE.test(left) && TAG_BEHIND.test(right)) return false;
  if (AROUND_NOTHING.test(left) || COUNTED_BEFORE.test(left) || UNIT.test(right)) return true;
  if (isVerdict(left, right)) return true;
  if (ACTED_BEFORE.test(left) || ACTED_BEHIND.test(right) || VERDICT_BEFORE.test(left)) return true;
  if (isRedraw) return !WORD_BEHIND.test(right);
  const isEnd = AFTER_NOTHING.test(right);
  if (isEnd && WORDS_ALONE.test(left)) return true;
  if (isEnd && IN_BRACKETS.test(left) && FILE_NAME.test(left)) return true;
  return ACTION.test(left) && (isEnd || SEPARATOR_BEHIND.test(right));
}

/** Whether a count stands between a verdict and the name of a test: `passed  3/24  parses dates`. */
export function isVerdict(left: string, right: string): boolean {
  return VERDICT_ALONE.test(left) && NAME_BEHIND.test(right);
}

/** Whether a number belongs to the name of a test with a verdict in front. */
export function isInNameOfTest(left: string): boolean {
  return VERDICT_ON_NAME.test(left);
}

/** Whether the words in front of a percentage or a size may say how much is done: `hits 42%`, for example, does not. */
export function isPlausibleShare(match: RegExpExecArray): boolean {
  const left = before(match);
  const right = behind(match);
  if (WORDS_ALONE.test(left) && AFTER_NOTHING.test(right)) return true;
  if (ACTED_ON_SHARE.test(left) && OF_NAME_BEHIND.test(right)) return true;
  return AROUND_NOTHING.test(left) || LABEL_BEFORE.test(left) || ACTION.test(left) || FILE_NAME.test(left) ||
    TIME_LEFT_BEHIND.test(right);
}

/**
 * Whether the words around two sizes say that they are of finished work, unlike `Free space: 30 GB / 100 GB`. A single
 * line without such words is no evidence.
 *
 * @param match the sizes
 */
export function isOfWork(match: RegExpExecArray): boolean {
  const [left, right] = [before(match), behind(match)];
  return AROUND_NOTHING.test(left) || ACTION_BEFORE.test(left) || NAMED_BEHIND.test(right) ||
    RATE_BEHIND.test(right);
}
