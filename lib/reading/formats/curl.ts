/**
 * Recognises the progress meter of curl. Pure.
 *
 * @module
 */

import { bytesOf } from "../numbers.ts";
import { counted, type Format, percentage, type Sighting } from "../reading.ts";

const SIZE = String.raw`([\d.]+)([kMGTPE]?)`;
const CLOCK = String.raw`(?:--|\d+):(?:--|\d\d):(?:--|\d\d)|\d+d \d+h|\d+d`;
const SPEED = String.raw`[\d.]+[kMGTPE]?`;
const AMOUNTS = String
  .raw`^\s*(\d{1,3})\s+${SIZE}\s+(\d{1,3})\s+${SIZE}\s+(\d{1,3})\s+${SIZE}\s+${SPEED}\s+${SPEED}`;
/** ` 42 1000k   42  420k    0     0   100k      0  0:00:10  0:00:04  0:00:06  100k` */
const METER = new RegExp(String.raw`${AMOUNTS}(?:\s+(?:${CLOCK})){3}\s+${SPEED}\s*$`);
/**
 * ` 19  2.86M  19 584.9k   0      0 583.4k      0   00:05   00:01   00:04 583.5k`, since curl 8.18. Unknown times are
 * blank, so that only the head distinguishes such rows from other numbers.
 */
const ROW = new RegExp(
  String.raw`${AMOUNTS}(?:\s+(?:${CLOCK}|\d+:\d\d|\d+h \d+m|\d+[my])){0,3}\s+${SPEED}\s*$`,
);
const HEAD = /^\s*(?:% Total {4}% Received % Xferd|Dload {2}Upload {2,3}Total {3}Spent)\b/;

/** Reads the meter of curl. The bar of curl (`-#`) is read like other percentages. */
export function curl(): Format {
  let hasHead = false;
  return ({ text }) => {
    if (HEAD.test(text)) {
      hasHead = true;
      return null;
    }
    const match = (hasHead ? ROW : METER).exec(text);
    return match === null ? undefined : meter(match) ?? null;
  };
}

function meter(match: RegExpExecArray): Sighting | undefined {
  const [
    ,
    percent,
    total,
    totalScale,
    receivedPercent,
    received,
    receivedScale,
    sentPercent,
    sent,
    sentScale,
  ] = match;
  const done = bytesOf(received!, receivedScale, 1024) + bytesOf(sent!, sentScale, 1024);
  const whole = bytesOf(total!, totalScale, 1024);
  // If curl does not know the size, it prints what has arrived so far as the total.
  if (receivedPercent === "0" && sentPercent === "0" && done === whole) {
    return counted("curl", done, null, { unit: "B" });
  }
  const reading = counted("curl", Math.min(done, whole), whole, { unit: "B" });
  // The sizes are rounded.
  return reading === undefined
    ? percentage("curl", Number(percent))
    : { ...reading, progress: Number(percent) };
}
