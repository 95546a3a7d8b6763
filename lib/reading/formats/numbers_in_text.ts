/**
 * Recognises percentages, counts and sizes in lines of unknown programs. Pure.
 *
 * @module
 */

import { bytesOf, countOf, percentOf } from "../numbers.ts";
import { counted, type Format, FRONT_LABEL, percentage, RANK, type Sighting } from "../reading.ts";
import { amount, position } from "./amounts.ts";
import { type Bar, BAR_SIGN, barIn } from "./bars.ts";
import { beginningOf } from "./beginnings.ts";
import { isInNameOfTest, isOfWork, isPlausibleCount, isPlausibleShare, isVerdict } from "./evidence.ts";
import { lastOfScale, ScaleDots } from "./percent_scales.ts";
import {
  before,
  behind,
  hasBar,
  isBeside,
  isLevel,
  isMonth,
  isOther,
  isShownBy,
  labelOf,
  type Seen,
  seenOf,
  statusOf,
  valueOf,
} from "./seen.ts";
import * as words from "./words.ts";

/** The maximum number of slashes between numbers; a line with more is a row of a table. */
const MAX_PAIRS = 2;
const MANY_COLUMNS = 5;
/** The maximum difference between a percentage and the rounded sizes beside it, in percentage points. */
const MAX_ROUNDING = 6;
/** The maximum difference between a percentage and a count of the same progress, in percentage points. */
const EQUAL_POINTS = 1;
/** The minimum number of cells of a bar without a number; a shorter bar is not exact enough. */
const LEAST_CELLS = 15;

/** The text that may be between a count and its percentage. */
const BESIDE = /^(?:\s\p{L}{2,20})?[\s\])]*[([|,▮][\s([▮]*$/u;

interface Count {
  readonly current: number;
  readonly total: number;
}

/** Reads percentages, counts and sizes of unknown programs; stronger evidence is tried first. */
export function numbersInText(): Format {
  const scaleDots = new ScaleDots();
  return (line) => {
    if (words.isComplaint(line)) return undefined;
    const seen = seenOf(line, scaleDots);
    if (isLevel(seen)) return null;
    if (seen.bar !== undefined && words.ORDINAL.test(line.text)) return wholeBehindFullBar(line.text) ?? null;
    return share(seen) ?? sizesWithPercent(seen) ?? positionOrPercent(seen) ?? agreeing(seen) ??
      pair(seen, words.PAIR) ??
      pair(seen, words.PLAIN_PAIR) ?? amount(seen);
  };
}

/** Reads bars in redrawn rows that have no number but times behind the bar. */
export function bareBars(): Format {
  return ({ text, isRedraw }) => {
    const bar = isRedraw ? barIn(text) : undefined;
    if (bar === undefined || bar.share === null || bar.width < LEAST_CELLS) return undefined;
    const at = bar.rest.indexOf(BAR_SIGN);
    const stem = bar.rest.slice(0, at);
    if (
      words.LOOSE_NUMBER.test(
        `${stem.replace(words.NAMED_CLOCK, "")} ${bar.rest.slice(at).replace(words.TIMES, "")}`,
      )
    ) return undefined;
    return percentage("bar", bar.share * 100, {
      rank: RANK.bare,
      isNamed: false,
      label: stem,
      status: /\p{L}/u.test(stem) ? stem.replace(/ [|│] .*/, "").replace(/[\s.…:]+$/, "") : undefined,
    });
  };
}

/** `42.0% of 10.00MiB` */
function share({ text, isRedraw, bar }: Seen): Sighting | undefined {
  const match = words.SHARE.exec(text);
  if (match === null || isOther(match, words.OTHER_BEHIND)) return undefined;
  const total = bytesOf(match[2]!, match[3] ?? match[4]);
  const progress = percentOf(match[1]!);
  if (!(progress <= 100)) return undefined;
  const found = counted("sizes", Math.round(total * progress / 100), total, {
    rank: isRedraw || bar !== undefined || isOfWork(match) ? RANK.drawn : RANK.bare,
    unit: "B",
    label: labelOf(match),
  });
  return found === undefined ? undefined : { ...found, progress };
}

/** `2:libfoo ########## [ 40%]`: the bar of one item is full, so the percentage is that of all items. */
function wholeBehindFullBar(text: string): Sighting | undefined {
  const value = words.PERCENT_BEHIND_FULL_BAR.exec(text)?.[2];
  if (value === undefined) return undefined;
  return percentage("percent", percentOf(value), { rank: RANK.drawn, label: "whole" });
}

function sizes(seen: Seen): Sighting | undefined {
  const { text, isRedraw, bar } = seen;
  const match = words.SIZES.exec(text);
  if (
    match === null || isOther(match, words.OTHER_BEHIND, isRedraw) ||
    (!isRedraw && text.split("/").length > MAX_PAIRS + 1) ||
    hasManyColumns(seen)
  ) {
    return undefined;
  }
  if (words.LEVEL_IN.test(text) || (!isRedraw && !isPlausibleShare(match))) return undefined;
  const [whole, current = "", prefix, letter, total = "", totalPrefix, totalLetter] = match;
  const hasUnit = prefix !== undefined || letter !== undefined ||
    /^[\d.,'’ ]+(?:B|b|o|bytes)(?![a-z])/i.test(whole);
  const scale = totalPrefix ?? totalLetter;
  const status = statusOf(match);
  return counted("sizes", bytesOf(current, hasUnit ? prefix ?? letter : scale), bytesOf(total, scale), {
    rank: isRedraw || bar !== undefined || isOfWork(match) ? RANK.drawn : RANK.bare,
    unit: "B",
    label: labelOf(match),
    status,
  });
}

/**
 * Reads two sizes and the percentage beside them. If the sizes and the percentage agree, the percentage is used,
 * because sizes are rounded.
 */
function sizesWithPercent(seen: Seen): Sighting | undefined {
  const found = sizes(seen);
  const beside = found === undefined ? undefined : percent(seen)?.progress;
  const rounded = found?.progress ?? null;
  if (found === undefined || rounded === null || typeof beside !== "number") return found;
  if (Math.abs(rounded - beside) > MAX_ROUNDING) return found;
  return { ...found, progress: beside };
}

/**
 * Reads the position of a player, or a percentage. A percentage that disagrees with the position beside it is not that
 * of the whole.
 */
function positionOrPercent(seen: Seen): Sighting | undefined {
  const found = percent(seen);
  const at = found === undefined ? undefined : position(seen);
  const isSame = Math.abs((at?.progress ?? 0) - (found?.progress ?? 0)) <= MAX_ROUNDING;
  return at === undefined || isSame || isShownBy(seen.bar, found?.progress ?? 0) ? found : at;
}

function percent(seen: Seen): Sighting | undefined {
  if (hasManyColumns(seen)) return undefined;
  const all = [...seen.text.matchAll(words.PERCENT)];
  const matches = all.filter((match) =>
    isShownBy(seen.bar, valueOf(match)) || !isOther(match, words.OTHER_BEHIND_PERCENT, seen.isRedraw)
  );
  const match = bestPercent(matches, seen);
  if (match === undefined) return undefined;
  const isScale = match === lastOfScale(matches, valueOf);
  const value = valueOf(match) + (isScale ? pointsBehind(matches, seen.scaleDots) : 0);
  // `80% of test remaining`, `Remaining: 80%`
  const isLeftBefore = words.LEFT_BEFORE.test(before(match));
  const isLeft = isLeftBefore || words.LEFT_BEHIND.test(behind(match));
  // `[ 42%] Building a.o`: the text behind the percentage changes with each line.
  const isInFront = isFrontBracket(match);
  const count = countBeside(seen, match, value);
  // If a line has several percentages, a word for progress may belong to another one of them.
  const isOnly = matches.length === 1 || words.PROGRESS_COUNT_BEFORE.test(before(match)) || seen.isRedraw ||
    isScale ||
    words.TIME_LEFT_BEHIND.test(behind(match));
  const isWhole = (words.WHOLE_BEFORE.test(before(match)) &&
    (seen.isRedraw || !words.GAP_BEFORE.test(before(match)))) ||
    (seen.bar !== undefined && matches.length === 1 && words.WHOLE_ROW.test(seen.text));
  // A line with one level may have another, as in `cpu 12% bat 90%`.
  const isSure = isLeft || (seen.isRedraw && all.length === matches.length) ||
    (isOnly && isNamedPercent(match)) || isScale || isWhole;
  const isDrawn = hasBar(match, value, seen.bar);
  if (!isSure && !isDrawn && !isPlausibleShare(match)) return undefined;
  const found = percentage("percent", isLeft ? 100 - value : value, {
    rank: isWhole ? RANK.stated : isDrawn ? RANK.drawn : RANK.bare,
    isNamed: isSure,
    label: isScale ? "scale" : isInFront ? FRONT_LABEL : labelOf(match),
    status: isInFront ? behind(match).replace(/^[\s\])]+/, "") : isLeftBefore ? undefined : statusOf(match),
  });
  return found && count !== undefined ? { ...found, ...count } : found;
}

/** Returns the percentage points that the dots behind the last percentage of a scale add to it. */
function pointsBehind(matches: readonly RegExpExecArray[], scaleDots: ScaleDots): number {
  const [before = 0, last = 0] = matches.slice(-2).map(valueOf);
  return Math.min(100 - last, (last - before) * scaleDots.shareOf(matches));
}

/** Finds the count beside a percentage: `12/40 (30%)`, `30% (12/40)`, `12/40 ▮ 30%`. */
function countBeside({ text }: Seen, value: RegExpExecArray, percent: number): Count | undefined {
  const [from, to] = [value.index, value.index + value[0].length];
  for (const match of text.matchAll(words.PLAIN_PAIR)) {
    const end = match.index + match[0].length;
    const between = end <= from
      ? text.slice(end, from)
      : match.index >= to
      ? text.slice(to, match.index)
      : "";
    const [current, total] = [countOf(match[1]!), countOf(match[2]!)];
    if (total < 2 || !BESIDE.test(between) || isOther(match, words.OTHER_BEHIND)) continue;
    if (Math.abs(current / total * 100 - percent) <= EQUAL_POINTS) return { current, total };
  }
  return undefined;
}

/** Picks the percentage of the whole among several; `undefined` if they can't be distinguished. */
function bestPercent(
  matches: readonly RegExpExecArray[],
  { isRedraw, bar }: Seen,
): RegExpExecArray | undefined {
  const whole = matches.find((match) => words.WHOLE_BEFORE.test(before(match))) ??
    lastOfScale(matches, valueOf);
  if (whole !== undefined || matches.length < 2) return whole ?? matches[0];
  const shown = matches.filter((match) => isShownBy(bar, valueOf(match)));
  if (shown.length === 1) return shown[0];
  const named = matches.filter((match) => isNamedPercent(match) || words.DOING_TO.test(before(match)));
  if (named.length === 1) return named[0];
  return isRedraw ? named[0] : undefined;
}

function isFrontBracket(match: RegExpExecArray): boolean {
  return words.AROUND_NOTHING.test(before(match)) && words.IN_BRACKETS.test(before(match)) &&
    words.BRACKET_BEHIND.test(behind(match));
}

function hasManyColumns({ text, isRedraw }: Seen): boolean {
  return !isRedraw && text.trim().split(/ {2,}/).length >= MANY_COLUMNS;
}

function isNamedPercent(match: RegExpExecArray): boolean {
  const left = before(match);
  const right = behind(match);
  if (words.BAR_BEFORE.test(left) || words.BAR_BEHIND.test(right) || words.NAMED_BEHIND.test(right)) {
    return true;
  }
  if (words.PROGRESS_BEFORE.test(left) || words.PROGRESS_COUNT_BEFORE.test(left)) return true;
  if (isFrontBracket(match) || words.STATUS_BEFORE.test(left)) return true;
  if (words.TIME_LEFT_BEHIND.test(right) && /^[\s\d:.()[\]-]*$/.test(left)) return true;
  if (left === "" && words.DOING_BEHIND.test(right)) return true;
  const isLast = words.AFTER_NOTHING.test(right);
  return isLast &&
    (words.AROUND_NOTHING.test(left) || words.NAMED_BEFORE.test(left) ||
      (words.DOING.test(left) && !words.NOT_DOING.test(left)));
}

/**
 * `| Requests: 50/1000 (5%) |`: a count and a percentage that agree are progress, even in a table, once they rise. If
 * there are several such pairs, the one with the largest total is the most exact: `3/277 relations (1%), 15407/16119
 * pages (95%)`.
 */
function agreeing({ text }: Seen): Sighting | undefined {
  if (!text.includes("%") || words.OTHER_LINE.test(text)) return undefined;
  const [match, ...others] = [...text.matchAll(words.AGREEING)]
    .filter((match) =>
      !words.OTHER_BEFORE.test(before(match)) && !words.OTHER_BEHIND_PERCENT.test(behind(match))
    )
    .sort((a, b) => countOf(b[2]!) - countOf(a[2]!));
  if (match === undefined) return undefined;
  const [, current = "", total = "", percent = ""] = match;
  const options = { rank: RANK.bare, isNamed: others.length > 0, label: labelOf(match) };
  const found = counted("count", countOf(current), countOf(total), options);
  const isEqual = Math.abs((found?.progress ?? Infinity) - percentOf(percent)) <= EQUAL_POINTS;
  return isEqual && countOf(total) > 1 ? found : undefined;
}

function pair(seen: Seen, pattern: RegExp): Sighting | undefined {
  const { text, isRedraw, bar } = seen;
  if (!words.PAIR_SIGN.test(text)) return undefined;
  const matches = [...text.matchAll(pattern)];
  // `part 3 of 12, progress 24 of 120`
  const whole = matches.findIndex((match) => words.PROGRESS_WORD_BEFORE.test(before(match)));
  if (whole > 0) matches.unshift(...matches.splice(whole, 1));
  // `5/12 6/12`: counts of several things, none of which is the whole.
  if (matches.some((match, index) => index > 0 && isBeside(matches[index - 1]!, match))) return undefined;
  for (const match of matches) {
    const [, current = "", total = ""] = match;
    // `Epoch [1/3], Step [100/469]`: the last pair is the part that advances.
    if (match !== matches.at(-1) && words.STEPS.test(match.input.slice(0, match.index + match[0].length))) {
      continue;
    }
    // 03/2024 is a month; 003/120 is not. A count of one of one says nothing.
    if (/^0\d/.test(current) && current.length !== total.length) continue;
    const [left, right] = [before(match), behind(match)];
    const step = words.STEP.test(left) ? words.STEP_BEHIND.exec(right)?.groups?.what : undefined;
    const isDrawn = hasBar(match, countOf(current) / countOf(total) * 100, bar);
    if ((countOf(total) < 2 && !isDrawn) || isMonth(current, total)) continue;
    const isLoop = words.DONE_VERB.test(left) || words.DOING_VERB.test(left) || words.LOOP_NOUN.test(left);
    if (
      step === undefined && !isLoop && !isDrawn && !isVerdict(left, right) &&
      (isOther(match, words.OTHER_BEHIND, isRedraw) ||
        (!isRedraw && (words.COLUMNS.test(text) || words.MANY_VALUES.test(text))))
    ) {
      continue;
    }
    if (words.WAITING.test(text) || (words.OTHER_LINE.test(text) && step === undefined)) continue;
    const beginning = isDrawn ? null : beginningOf({ left, right, isRedraw });
    const isResult = (words.RESULT_WORD.test(text) || words.SUMMARY.test(text)) && step === undefined;
    const isNamed = !isResult && (isDrawn || (step !== undefined && words.BEGINNING.test(step)) ||
      words.DONE_VERB.test(left) || words.DOING_VERB.test(left) || (isRedraw && words.LOOP_NOUN.test(left)) ||
      words.NAMED_BEHIND.test(right) ||
      (words.UNIT_ALONE.test(right) && words.AROUND_NOTHING.test(left)) ||
      (words.AFTER_NOTHING.test(right) && (isRedraw || words.AROUND_NOTHING.test(left))));
    if (!isDrawn && !isNamed && beginning === null && !isPlausibleCount(left, right, isRedraw)) continue;
    if (!isDrawn && !isRedraw && isInNameOfTest(left)) continue;
    const isLeftBefore = words.LEFT_BEFORE.test(left);
    const isLeft = isLeftBefore || words.LEFT_BEHIND.test(right.replace(words.UNIT, ""));
    // `Executing 2/5 remaining tasks`: two tasks run at the same time.
    if (isLeft && words.DOING_BEFORE.test(left)) continue;
    const done = isLeft ? countOf(total) - countOf(current) : countOf(current);
    const isWhole = words.PROGRESS_WORD_BEFORE.test(left);
    const found = counted("count", done, countOf(total), {
      rank: isWhole ? RANK.stated : isDrawn || (isRedraw && isNamed) ? RANK.drawn : RANK.bare,
      isNamed: isNamed || isWhole || (beginning === "named" && !isResult),
      isBeginning: beginning !== null,
      // Nested steps are drawn in separate rows.
      label: step === undefined ? labelOf(match) : `${left}step`,
      status: step ?? (isLeftBefore ? undefined : statusOf(match)),
      unit: words.UNIT.exec(right)?.[1] ?? null,
    });
    if (found !== undefined) return withShareOf(bar, isDrawn, found);
  }
  return undefined;
}

/** `[======> ] Object 2 of 4`: the bar beside the number of an object shows how much is done. */
function withShareOf(bar: Bar | undefined, isSame: boolean, found: Sighting): Sighting {
  if (bar === undefined || bar.share === null || isSame || bar.width < LEAST_CELLS) return found;
  return { ...found, rank: RANK.drawn, isNamed: true, progress: bar.share * 100, isBeginning: false };
}
