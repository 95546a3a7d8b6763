/**
 * Replaces characters that SQLite does not store.
 *
 * @module
 */

/** The replacement for each character that SQLite does not store. */
export const REPLACEMENT = "\ufffd";

/**
 * Returns a text that SQLite stores unchanged: replaces NULs, at which SQLite would end the text, and
 * unpaired surrogates, which it would reject.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", REPLACEMENT);
}
