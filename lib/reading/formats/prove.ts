/**
 * Recognises the rows of Perl's prove. Pure.
 *
 * @module
 */

import type { Format } from "../reading.ts";

/** `t/b.t .. ok`: one of an unknown number of files has ended. */
const ENDED = /^\S{1,200} \.{2,80} ?(?:ok|skipped|Failed|Dubious)\b/;
/** `t/b.t .. 3/12` */
const UNDER_WAY = /^\S{1,200} \.{2,80} ?\d{1,9}\/\d{1,9}/;

/**
 * Ignores counts of tests once the first file has ended, because the number of files is unknown. Counts of the first
 * file are left to other formats.
 */
export function prove(): Format {
  let hasEnded = false;
  return ({ text }) => {
    hasEnded ||= ENDED.test(text);
    return hasEnded && UNDER_WAY.test(text) ? null : undefined;
  };
}
