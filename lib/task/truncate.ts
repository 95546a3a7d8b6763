/**
 * Shortens text to the limits of a record's fields.
 *
 * @module
 */

/**
 * Truncates text that exceeds a maximum length, and ends it with an ellipsis.
 *
 * @param text the text
 * @param most the maximum length, in UTF-16 code units, ellipsis included
 */
export function truncate(text: string, most: number): string {
  if (text.length <= most) return text;
  // In V8, a slice keeps the whole string that it was cut from in memory, so the text is copied.
  return JSON.parse(JSON.stringify(`${text.slice(0, most - 1)}…`));
}
