import { bytesOf, counted, type Format } from "../reading.ts";

const NUMBER = String.raw`(\d[\d,]*(?:\.\d+)?)`;
const UNIT = String.raw`(?:([kKMGTPE]i?)?(?:B|bytes)|([KMGTPE]i?))`;
/** `3.1/12.4 MB`, `256.0 KiB / 1.2 MiB`, `12 MB of 30 MB` */
const PAIR = new RegExp(
  String.raw`(?<![\w.,:/-])${NUMBER}\s?(?:${UNIT})?\s?(?:/|of|out of)\s?~?${NUMBER}\s?${UNIT}(?![\w/])`,
);
/** `42.0% of 10.00MiB` */
const SHARE = new RegExp(String.raw`(?<![\w.,])(\d{1,3}(?:\.\d+)?)\s?% of ~?\s*${NUMBER}\s?${UNIT}(?![\w/])`);
/** Sizes that say how full something is, and not how far. */
const FILLING = /\b(?:mem|memory|ram|swap|heap|disk|used|usage|free|available|quota)\b\W*$/i;

/** Reads two sizes, the second of which is the total. */
export function sizes(): Format {
  return (text) => {
    const share = SHARE.exec(text);
    if (share !== null) {
      const total = bytesOf(share[2]!, share[3] ?? share[4]);
      return counted(Math.round(total * Number(share[1]) / 100), total, { unit: "B" });
    }
    const pair = PAIR.exec(text);
    if (pair === null || FILLING.test(text.slice(0, pair.index))) return undefined;
    const [, current = "", prefix, letter, total = "", totalPrefix, totalLetter] = pair;
    const isBare = prefix === undefined && letter === undefined &&
      !/B|bytes/.test(pair[0].split(/\/|of/)[0]!);
    const scale = totalPrefix ?? totalLetter;
    return counted(bytesOf(current, isBare ? scale : prefix ?? letter), bytesOf(total, scale), { unit: "B" });
  };
}
