/**
 * Recognises the log lines with which CI systems begin and end a group of lines: `::group::title` and
 * `::endgroup::`, or `##[group]title` and `##[endgroup]`.
 *
 * @module
 */

import { withoutSequences } from "./escape_sequences.ts";

/** The maximum length of a title, in characters. */
const MAX_TITLE = 200;
/**
 * The number of characters of a line that are searched for a group mark: enough for the title and escape
 * sequences for its colours.
 */
export const MARK_CHARACTERS = 2 * MAX_TITLE;
const MARK = /^\s*(?:::|##\[)(end)?group(?:::|\])(.*)/s;

/** The beginning of a group, with its title, or the end of a group. */
export type GroupMark = { readonly isStart: true; readonly title: string } | { readonly isStart: false };

/** Reads a line; returns `null` if it neither begins nor ends a group. */
export function groupMark(text: string): GroupMark | null {
  // Most lines contain no group mark, and this check is fast; a search of a log reads all lines.
  if (!text.includes("group")) return null;
  const mark = MARK.exec(withoutSequences(text.slice(0, MARK_CHARACTERS)));
  if (mark === null) return null;
  const [, end, title = ""] = mark;
  return end === undefined ? { isStart: true, title: title.trim().slice(0, MAX_TITLE) } : { isStart: false };
}
