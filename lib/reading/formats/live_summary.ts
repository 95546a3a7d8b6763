/**
 * Recognises the summary and the lists of tests that vitest redraws while it runs. Pure.
 *
 * @module
 */

import { counted, type Format, RANK } from "../reading.ts";

/** ` Test Files 1 failed | 2 passed (5)`: the number of finished files, and the number of all files. */
const FILES = /^Test Files +((?:\d{1,6} [a-z]{4,10}(?: \| )?){1,4}) \((\d{1,6})\)$/;
/** `❯ a.test.js 2/6`, `✓ a.test.js (6 tests) 2168ms`: one of the files */
const PART = /^[❯✓×↓] .{1,300}(?: \d{1,6}\/\d{1,6}| \[queued\]|\(\d{1,6} tests?.{0,40}\).*)$/;
/** `❯ a.test.js (6)`: a file, below which its tests are listed */
const FILE = /^[❯✓×↓] .{1,300}\.[cm]?[jt]sx? \(\d{1,6}(?: tests?\b.{0,40})?\)/;
/** `· loads page 1/3`: a test, whose name may contain any numbers */
const TEST = /^(?:[❯✓×↓·→]|[⠁-⣿]) /u;

/** Counts test files, because the number of tests in a file is known only once it runs. */
export function liveSummary(): Format {
  let isSeen = false;
  /** The indentation of the files below which tests are listed. */
  let fileIndent = Infinity;
  return ({ text, raw, isRedraw }) => {
    const indent = raw.search(/\S/);
    if (FILE.test(text)) fileIndent = indent;
    if (indent > fileIndent && TEST.test(text)) return null;
    const [, ended, total] = FILES.exec(text) ?? [];
    if (ended === undefined) return isSeen && PART.test(text) ? null : undefined;
    isSeen = true;
    const done = Array.from(ended.matchAll(/\d+/g), ([number]) => Number(number)).reduce((a, b) => a + b);
    // A line that is not redrawn is the summary at the end.
    return isRedraw
      ? counted("vitest", done, Number(total), { rank: RANK.stated, unit: "files", status: "Testing" }) ??
        null
      : null;
  };
}
