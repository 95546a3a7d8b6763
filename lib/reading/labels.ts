/**
 * Extracts parts of the labels that distinguish tracks. Pure.
 *
 * @module
 */

/** The frames of spinners: braille, and circles that turn. */
const SPINNER = /[\u2800-\u28ff◐◓◑◒◴◷◶◵]/g;

/** Returns a label with its numbers and spinners blanked. */
export function skeletonOf(label: string): string {
  return label.replace(SPINNER, " ").replace(/\d[\d.,:]*/g, "#").replace(/\s+/g, " ").trim();
}

/** Returns the words of a label in front of its number. */
export function stemOf(label: string): string {
  const end = label.indexOf("#");
  return end === -1 ? "" : skeletonOf(label.slice(0, end));
}

/** Returns the words with digits in front of the number of a label, such as `part-3.csv`. */
export function nameIn(label: string): string {
  return label.slice(0, Math.max(0, label.indexOf("#"))).match(
    /[\p{L}_][\p{L}\p{N}_./-]*\p{N}[\p{L}\p{N}_./-]*/gu,
  )?.join(" ") ?? "";
}

/** A number, or a count of a total, that is not a part of a word: `12:30`, `3/7,`, `12 of 40`. */
const LONE_NUMBER = /(?<!\S)[^\s\p{L}\d]*\d[^\s\p{L}]*(?: of [^\s\p{L}\d]*\d[^\s\p{L}]*)?(?!\S)/gu;

/** Returns the words in front of the number of a label or, if there are none, those behind it; names keep their digits. */
export function wordsOf(label: string): string {
  const [front = "", ...behind] = label.replace(SPINNER, " ").split("#");
  return wordsIn(front) || wordsIn(behind.join(" "));
}

function wordsIn(text: string): string {
  const words = text.replace(LONE_NUMBER, " ").split(/\s+/).filter((word) => /\p{L}/u.test(word));
  return words.join(" ").replace(/[:.…,;]+$/, "");
}
