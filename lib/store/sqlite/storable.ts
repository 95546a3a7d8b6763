/**
 * Texts that SQLite gives back as they were.
 *
 * @module
 */

/** What stands for characters that SQLite does not keep. */
export const REPLACEMENT = "\ufffd";

/** What reads the same when it comes back: for SQLite a NUL is the end of a text, and half a pair is no character. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", REPLACEMENT);
}
