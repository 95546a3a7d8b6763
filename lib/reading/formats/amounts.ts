/**
 * Recognises amounts of unknown programs that have no percent sign and no slash between counts. Pure.
 *
 * @module
 */

import { percentOf, secondsOf } from "../numbers.ts";
import { counted, percentage, RANK, type Sighting } from "../reading.ts";
import { isOther, isShownBy, labelOf, type Seen, statusOf } from "./seen.ts";
import * as words from "./words.ts";

/**
 * The maximum difference between a percentage and the numbers beside it, in percentage points, because the percentage
 * is rounded.
 */
const EQUAL_POINTS = 1;

/** Reads amounts; stronger evidence is tried first. */
export function amount(seen: Seen): Sighting | undefined {
  return durations(seen) ?? doneAndLeft(seen) ?? position(seen) ?? keyValues(seen) ?? doneWholeShare(seen) ??
    bare(seen);
}

/**
 * `1048576 47185920 2.22%`: a line of only three numbers: the amount done, the whole, and the percentage, which has to
 * agree with the two.
 */
function doneWholeShare({ text }: Seen): Sighting | undefined {
  const [, done, whole, share] = words.DONE_WHOLE_SHARE.exec(text) ?? [];
  if (done === undefined || whole === undefined || share === undefined || Number(whole) < 2) return undefined;
  const found = counted("share", Number(done), Number(whole), { rank: RANK.bare });
  return Math.abs((found?.progress ?? Infinity) - percentOf(share)) < EQUAL_POINTS ? found : undefined;
}

/** `12 files done, 28 to go` */
function doneAndLeft({ text }: Seen): Sighting | undefined {
  const match = words.DONE_AND_LEFT.exec(text);
  if (match === null || isOther(match, words.OTHER_BEHIND)) return undefined;
  const [done, left] = [Number(match[1]), Number(match[2])];
  return counted("done and left", done, done + left, {
    rank: RANK.bare,
    isNamed: true,
    label: labelOf(match),
  });
}

/** `00:30.784 / 01:01.439`, but only in a row that is redrawn, because elsewhere it may be any two times. */
export function position({ text, isRedraw }: Seen): Sighting | undefined {
  if (!isRedraw) return undefined;
  const expected = words.EXPECTED.exec(text);
  const match = expected ?? words.POSITION.exec(text) ?? words.POSITION_SECONDS.exec(text);
  if (match === null) return undefined;
  const [at, end] = [secondsOf(match[1]!), secondsOf(match[2]!)];
  const options = { rank: RANK.bare, isNamed: expected !== null, unit: "s", label: labelOf(match) };
  return counted("position", at, end, options);
}

/** `Simulated time: 12.5 / 100.0 ns` */
function durations({ text }: Seen): Sighting | undefined {
  const match = words.DURATIONS.exec(text);
  if (match === null || isOther(match, words.OTHER_BEHIND)) return undefined;
  return counted("durations", Number(match[1]), Number(match[2]), { rank: RANK.bare, label: labelOf(match) });
}

/** `msg="imported rows" done=50 total=1000` */
function keyValues({ text }: Seen): Sighting | undefined {
  const options = { rank: RANK.bare, label: text.replace(/=\S*|: {0,3}\d+/g, "=") };
  const percent = words.PERCENT_VALUE.exec(text)?.[1];
  if (percent !== undefined) return percentage("values", Number(percent), options);
  const [, current] = words.DONE_VALUE.exec(text) ?? [];
  const [, total] = words.TOTAL_VALUE.exec(text) ?? [];
  if (current === undefined || total === undefined || Number(total) < 2) return undefined;
  return counted("values", Number(current), Number(total), options);
}

/** Reads a line that is only a number, as `pv -n` writes it, and named numbers: `PERCENT: 1.155`, `progress=0.42`. */
function bare({ text, bar }: Seen): Sighting | undefined {
  const options = { rank: RANK.bare, isNamed: false };
  const beside = bar === undefined
    ? undefined
    : words.NUMBER_BESIDE_BAR.exec(text) ?? words.NUMBER_BEFORE_BAR.exec(text);
  if (beside && isShownBy(bar, Number(beside[1]))) {
    return percentage("percent", Number(beside[1]), { label: labelOf(beside), status: statusOf(beside) });
  }
  const fraction = words.FRACTION.exec(text)?.[1];
  if (fraction !== undefined) return percentage("fraction", Number(fraction) * 100, options);
  const named = words.NAMED_NUMBER.exec(text);
  if (named !== null) return percentage("number", Number(named[1]), { ...options, label: labelOf(named) });
  if (!/^\d{1,3}(?:\.\d{1,4})?$/.test(text.trim())) return undefined;
  return percentage("number", Number(text), options);
}
