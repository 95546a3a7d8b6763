/**
 * Recognises the time that passed, and behind it in brackets the time that is left: `00:23.90 [00:00.15]`. Pure.
 *
 * @module
 */

import { secondsOf } from "../numbers.ts";
import { counted, type Format, RANK } from "../reading.ts";

const CLOCK = String.raw`\d{1,3}(?::\d\d){1,2}(?:\.\d{1,3})?`;
const TIMES = new RegExp(String.raw`(?<![\w:.])(${CLOCK}) \[-?(${CLOCK})\](?! ?(?:of|/))`);
/** A row with a count or a percentage says more by that. */
const OTHER_SIGN = /[%/]/;
/** How far the sum of both may be from the one before, in seconds: both are rounded. */
const ROUNDING_S = 0.1;

/** Reads such times. An estimate changes; the length of what is played does not, and so their sum stays the same. */
export function timeLeft(): Format {
  let first: { readonly passedS: number; readonly wholeS: number } | null = null;
  return ({ text, isRedraw }) => {
    const match = isRedraw && !OTHER_SIGN.test(text) ? TIMES.exec(text) : null;
    if (match === null) return undefined;
    const passedS = secondsOf(match[1]!);
    const leftS = secondsOf(match[2]!);
    if (first === null || Math.abs(passedS + leftS - first.wholeS) > ROUNDING_S) {
      // What has more behind it at first may be the time of day, with a countdown.
      first = passedS <= leftS ? { passedS, wholeS: passedS + leftS } : null;
      return undefined;
    }
    if (passedS <= first.passedS) return undefined;
    const label = text.slice(0, match.index).replace(/[\d\s.,:#[\]()/-]+/g, " ");
    return counted("time left", Math.min(passedS, first.wholeS), first.wholeS, {
      rank: RANK.bare,
      unit: "s",
      label,
    });
  };
}
