/**
 * Interns texts, so that equal texts of many records take memory only once.
 *
 * @module
 */

/**
 * Returns the first text that was passed with the same characters, so that equal texts take memory only once.
 *
 * @param texts the interned texts, to which the given text is added
 * @param text the text
 */
export function intern(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}
