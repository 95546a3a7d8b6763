import { counted, type Format, numberOf, type Reading } from "../reading.ts";

const COUNT = String.raw`(\d{1,3}(?:,\d{3})+|\d{1,15})`;
/** Not a date, a path, a version, a ratio of times. */
const SLASH = new RegExp(
  String.raw`(?<![\w./\\:,=+-])${COUNT}\s?/\s?${COUNT}(?![\w/\\%]|[.,:-]\d|\.\w)`,
  "g",
);
const OF = new RegExp(
  String.raw`(?<![\w./\\:,=+-])${COUNT}\s+(?:out\s+)?of\s+${COUNT}(?![\w%]|[.,:/-]\d)`,
  "gi",
);
const AT_START = /^\s*[[(#]?$/;
const AT_END = /^[\s)\].…!]*(?:(?:done|complete|completed|finished|processed|ETA|eta|elapsed)\b.*)?$/;
const BRACKETS = /[[(]\s*$/;
const BRACKETS_BEHIND = /^\s*[)\]]/;
const WORD_BEFORE =
  /\b(?:step|file|task|test|item|part|page|chunk|epoch|batch|phase|stage|round|frame|block|record|row|image|job|progress|processed|processing|complete|completed|done|copied|downloaded|uploaded|downloading|uploading)s?\s*:?\s*#?$/i;
/** A bar in front. */
const BAR_BEFORE = /[#=█▓▒░━■|>\])-]\s*$/;
/** What is counted: `3/17 files` */
const UNIT = /^\s([a-z]{2,20}s)\b/;

/** Reads `3/17` and `3 of 17` if they look like progress. */
export function fraction(): Format {
  return (text, isRedraw) => {
    for (const match of text.matchAll(SLASH)) {
      if (!isRedraw && !isProgress(match)) continue;
      const reading = read(match);
      if (reading !== undefined) return reading;
    }
    for (const match of text.matchAll(OF)) {
      const reading = read(match);
      if (reading !== undefined) return reading;
    }
    return undefined;
  };
}

function read(match: RegExpExecArray): Reading | undefined {
  const [, current = "", total = ""] = match;
  // 03/2024 is a month; 003/120 is not.
  if (/^0\d/.test(current) && current.length !== total.length) return undefined;
  // One of one says nothing, and aspect ratios look like that.
  if (numberOf(total) < 2) return undefined;
  const unit = UNIT.exec(match.input.slice(match.index + match[0].length))?.[1];
  return counted(numberOf(current), numberOf(total), { unit });
}

function isProgress(match: RegExpExecArray): boolean {
  const before = match.input.slice(0, match.index);
  const behind = match.input.slice(match.index + match[0].length);
  return AT_START.test(before) || AT_END.test(behind) || WORD_BEFORE.test(before) ||
    (BRACKETS.test(before) && BRACKETS_BEHIND.test(behind)) || BAR_BEFORE.test(before);
}
