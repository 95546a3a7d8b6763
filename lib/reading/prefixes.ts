/**
 * Strips the prefixes that loggers write. Pure.
 *
 * @module
 */

import { NOUN, PROGRESS_WORD } from "./formats/words.ts";

const TIME = String.raw`\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?`;
const ZONE = String.raw`(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`;
const DATE = String
  .raw`(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d(?:[-/.]\d{2,4})?|[A-Z][a-z]{2} [ \d]\d|\d\d [A-Z][a-z]{2} \d{4})`;
const LEVEL = String
  .raw`(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|trace|debug|info|notice|warn|warning|error|Info|Debug|Warning)`;

/**
 * Seconds since 1970: `1700000000.123`. A whole number before another number, a unit or a word for an amount is a count:
 * `1073741824 bytes`, `1073741824  42%`, `1073741824/4718592000`.
 */
const SECONDS = String
  .raw`1\d{9}(?:\.\d{1,9}(?![\d.])|(?![\w.,'/%])(?! {0,20}(?:[\d/~]|(?:[kKMGT]?i?B|of|out|von|de|sur|di|(?:${NOUN})(?<=s)|${PROGRESS_WORD})(?!\p{L}))))`;

/** Prefixes of lines. A line that consists of prefixes alone is left as it is. */
const PREFIXES: readonly RegExp[] = [
  // 2026-02-03T10:11:12.345Z, [2026/02/03 10:11:12], [03/17 10:11:12 d2.utils.events]:
  new RegExp(
    String
      .raw`^(?:[[(](?:${DATE})[T ,]{1,2}${TIME}${ZONE}(?: [\w.]{1,40})?[\])]|(?:${DATE})[T ,]{1,2}${TIME}${ZONE}):?`,
  ),
  // [03/17/2026-10:11:12], 20260317-101112
  new RegExp(String.raw`^[[(]?(?:${DATE})-${TIME}[\])]?`),
  // 10:11:12.345, [1:00], (0:00:05)
  new RegExp(String.raw`^(?:\[${TIME}\]|\(${TIME}\)|\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)`),
  // [2026-02-03], 2026-02-03
  /^(?:\[\d{4}-\d\d-\d\d\]|\d{4}-\d\d-\d\d)(?= )/,
  // [   12.345678], [12.3s], 1700000000.123
  new RegExp(String.raw`^(?:\[ *\d{1,9}\.\d{1,9} ?s?\]|${SECONDS})`, "u"),
  // I0317 10:11:12.123456    1234 file.cc:12]
  /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} +\d{1,9} [\w.-]{1,60}:\d{1,6}\]/,
  // [INFO], INFO:root:, <info>, level=info
  new RegExp(
    String
      .raw`^(?:[[<(]\s?${LEVEL}\s?[\])>]:?|${LEVEL}(?::[\w.]{1,40})?(?: *[:|-]+|(?= {1,5}\S))|level=\w{1,10})`,
  ),
  // [Server thread/INFO]:
  new RegExp(String.raw`^\[[\w .#-]{1,40}/${LEVEL}\]:?`),
  // [gw1], [worker-3], (pid=1234), [rank0]:, web-1  |
  /^(?:\[(?:gw|worker|rank|proc|process|thread|node|job|pool|main|task|shard|w|p|t)[ _:#-]?\d{0,6}\]:?|\((?:[\w ]{1,30} )?pid=\d{1,9}(?:, ip=[\d.]{1,15})?\)|[a-z][\w.-]{0,40}[-_]\d{1,3} {1,20}\|(?= ))/,
  // <30>Feb  3 10:11:12 host program[1234]:
  /^[\w.-]{1,60} [\w.\/-]{1,60}\[\d{1,9}\]:/,
  /^[\w./-]{1,60}\[\d{1,9}\]:/,
  // |  of a tree
  /^[│┃|](?= )/,
];

/** The text on both sides of a line of a box: `|| 11% completed ||`. */
const FRAME = "||";

/** The maximum number of prefixes that are stripped from one line. */
const MOST_PREFIXES = 6;

/**
 * Strips frames, timestamps, log levels, elapsed times and the names of workers from the beginning of a line.
 *
 * @param text the line
 * @returns the rest; the whole line if nothing else is left
 */
export function withoutPrefixes(text: string): string {
  let rest = withoutFrame(text.trimStart());
  for (let count = 0; count < MOST_PREFIXES; count++) {
    const prefix = PREFIXES.find((pattern) => pattern.test(rest))?.exec(rest)?.[0];
    if (prefix === undefined) return rest;
    const next = rest.slice(prefix.length).replace(/^[\s:|-]{1,10}/, "");
    if (next === "") return rest;
    rest = next;
  }
  return rest;
}

function withoutFrame(text: string): string {
  const end = text.trimEnd();
  if (!text.startsWith(`${FRAME} `) || !end.endsWith(` ${FRAME}`)) return text;
  const inside = end.slice(FRAME.length, -FRAME.length).trim();
  return inside === "" ? text : inside;
}
