/**
 * Text of others in a terminal: made harmless, measured and cut. What a terminal is sent is a program to it, so nothing
 * that a task says of itself may reach it as it came. Pure.
 *
 * @module
 */

/** Escape sequences as ECMA-48 has them: with parameters, with a string up to its terminator, and of two characters. */
const SEQUENCES = new RegExp(
  [
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]",
    "(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)",
    "\\x1b[ -/]*[0-Z\\\\^-~]",
  ].join("|"),
  "g",
);
const SPACES = /[\s\u0085]+/g;
/** Marks that turn the direction of writing around, and others that are not seen; but for those that join letters. */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu;
const CONTROLS = /[\p{Cc}\p{Cs}]/gu;

/**
 * Makes a text harmless: one line, no escape sequences, no control characters, nothing that changes the direction of
 * writing. Where a control character was that belongs to no sequence, there is `�`.
 *
 * @param text what somebody wrote
 * @param most the most characters that are looked at; where there are more, `…` stands for them
 * @returns what is safe to be written to a terminal
 */
export function plainText(text: string, most = 1_024): string {
  return (text.length > most ? `${text.slice(0, most)}…` : text)
    .replace(SEQUENCES, "")
    .replace(SPACES, " ")
    .replace(CONTROLS, "\ufffd")
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .trim();
}

const ASCII = /^[ -~]*$/;
const NO_COLUMN = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]/u;
/** East Asian wide and full width characters (Unicode Standard Annex 11), and what is drawn as an emoji. */
const TWO_COLUMNS = new RegExp(
  "(?!\\p{Regional_Indicator})\\p{Emoji_Presentation}|[" +
    "\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\u3247\\u3250-\\u4dff\\u4e00-\\ua4cf\\ua960-\\ua97f" +
    "\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6" +
    "\\u2630-\\u2637\\u268a-\\u268f\\u{16fe0}-\\u{18dff}\\u{1aff0}-\\u{1b2ff}\\u{1d300}-\\u{1d376}" +
    "\\u{1f200}-\\u{1f2ff}\\u{20000}-\\u{3fffd}]",
  "u",
);
/** Asks for the character before it to be drawn as an emoji. */
const EMOJI_STYLE = "\ufe0f";

/**
 * Says how many columns of a terminal a text takes. Where terminals differ, as on emoji that are joined into one, it is
 * the most that any takes: a line that is too short is better than one that wraps.
 *
 * @param text a text of {@linkcode plainText}
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
 * Cuts a text to so many columns, with `…` where something is missing. What people read as one character is not cut.
 *
 * @param text a text of {@linkcode plainText}
 * @param width the most columns that it may take
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

/** Cuts a text to so many columns or fills it up to them, at its end or, for numbers, at its beginning. */
export function padText(text: string, width: number, toRight = false): string {
  const fitting = fitText(text, width);
  const fill = " ".repeat(Math.max(0, width - textWidth(fitting)));
  return toRight ? fill + fitting : fitting + fill;
}
