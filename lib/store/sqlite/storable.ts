/**
 * Replaces characters that SQLite does not store.
 *
 * @module
 */

/** Stands for a character that SQLite does not store. */
export const REPLACEMENT = "\ufffd";

/** Returns a text that SQLite stores unchanged: it ends a text at a NUL, and rejects unpaired surrogates. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", REPLACEMENT);
}
