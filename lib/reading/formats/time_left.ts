/**
 * Recognises an elapsed time, followed by the remaining time in brackets: `00:23.90 [00:00.15]`. Pure.
 *
 * @module
 */

import { secondsOf } from "../numbers.ts";
import { counted, type Format, RANK } from "../reading.ts";

const CLOCK = String.raw`\d{1,3}(?::\d\d){1,2}(?:\.\d{1,3})?`;
const TIMES = new RegExp(String.raw`(?<![\w:.])(${CLOCK}) \[-?(${CLOCK})\](?! ?(?:of|/))`);
/** A row with a count or a percentage is left to other formats, because these say more. */
const OTHER_SIGN = /[%/]/;
/** The maximum difference between the sums of both times in two rows, in seconds, because the times are rounded. */
const ROUNDING_S = 0.1;

/**
 * Reads an elapsed and a remaining time if their sum, the length of the recording that is played, stays the same. The
 * sum changes if the remaining time is only an estimate.
 */
export function timeLeft(): Format {
  let first: { readonly passedS: number; readonly wholeS: number } | null = null;
  return ({ text, isRedraw }) => {
    const match = isRedraw && !OTHER_SIGN.test(text) ? TIMES.exec(text) : null;
    if (match === null) return undefined;
    const passedS = secondsOf(match[1]!);
    const leftS = secondsOf(match[2]!);
    if (first === null || Math.abs(passedS + leftS - first.wholeS) > ROUNDING_S) {
      // If the first time is larger than the second at first, it may be the time of day beside a countdown.
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
