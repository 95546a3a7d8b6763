/**
 * Sanitises, measures and truncates text for a terminal. Names, statuses and logs of tasks are untrusted, and
 * a terminal executes the escape sequences in them.
 *
 * @module
 */

import { withoutSequences } from "./escape_sequences.ts";

const SPACES = /[\s\u0085]+/g;
/**
 * Matches format characters, such as bidirectional overrides, except for the zero-width joiner and
 * non-joiner.
 */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu;
const CONTROLS = /[\p{Cc}\p{Cs}]/gu;
const LINE_BREAKS = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;

/**
 * Sanitises a text to one line without escape sequences, control characters and bidirectional overrides. Control
 * characters outside escape sequences become `�`.
 *
 * @param text the untrusted text
 * @param most the maximum number of characters to keep; `…` replaces the rest
 * @returns text that is safe to write to a terminal
 */
export function plainText(text: string, most = 1_024): string {
  return withoutSequences(text.length > most ? `${text.slice(0, most)}…` : text)
    .replace(SPACES, " ")
    .replace(CONTROLS, "\ufffd")
    .replace(INVISIBLE, "")
    // A removed character may have been between two spaces.
    .replace(/ {2,}/g, " ")
    .normalize("NFC")
    .trim();
}

/**
 * Sanitises a line of a log like {@linkcode plainText}, but keeps its tabs and spaces. A line break within
 * the line becomes a space, so that its text can't look like several log lines.
 *
 * @param text the untrusted line
 * @returns text that is safe to write to a terminal, without a line break
 */
export function plainLine(text: string): string {
  return withoutSequences(text)
    .replace(LINE_BREAKS, " ")
    .replace(CONTROLS, (character) => character === "\t" ? character : "\ufffd")
    .replace(INVISIBLE, "");
}

const ASCII = /^[ -~]*$/;
const NO_COLUMN = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]/u;
/**
 * Matches characters that occupy two columns: East Asian wide and fullwidth characters (Unicode Standard
 * Annex 11), and emoji.
 */
const TWO_COLUMNS = new RegExp(
  "(?!\\p{Regional_Indicator})\\p{Emoji_Presentation}|[" +
    "\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\u3247\\u3250-\\u4dff\\u4e00-\\ua4cf\\ua960-\\ua97f" +
    "\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6" +
    "\\u2630-\\u2637\\u268a-\\u268f\\u{16fe0}-\\u{18dff}\\u{1aff0}-\\u{1b2ff}\\u{1d300}-\\u{1d376}" +
    "\\u{1f200}-\\u{1f2ff}\\u{20000}-\\u{3fffd}]",
  "u",
);
/** The variation selector that makes the character before it an emoji. */
const EMOJI_STYLE = "\ufe0f";

/**
 * Counts the terminal columns that a text occupies. If terminals differ, such as for joined emoji, the result
 * is the maximum, because a line that is too short is better than a line that wraps.
 *
 * @param text a text from {@linkcode plainText}
 */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): 0 | 1 | 2 {
  if (character <= "~") return 1;
  if (character === EMOJI_STYLE) return 1;
  if (NO_COLUMN.test(character)) return 0;
  return TWO_COLUMNS.test(character) ? 2 : 1;
}

let segmenter: Intl.Segmenter | undefined;

/**
 * Truncates a text to a number of columns, and ends a truncated text with `…`. Grapheme clusters are not
 * split.
 *
 * @param text a text from {@linkcode plainText}
 * @param width the maximum number of columns
 */
export function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return "";
  if (ASCII.test(text)) return `${text.slice(0, width - 1)}…`;
  segmenter ??= new Intl.Segmenter();
  let fitting = "";
  let left = width - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= textWidth(segment);
    if (left < 0) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

/** Truncates or pads a text to a number of columns; pads at the start if `toRight`, otherwise at the end. */
export function padText(text: string, width: number, toRight = false): string {
  const fitting = fitText(text, width);
  const fill = " ".repeat(Math.max(0, width - textWidth(fitting)));
  return toRight ? fill + fitting : fitting + fill;
}
