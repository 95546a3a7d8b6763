/**
 * Interns texts that many records have in common.
 *
 * @module
 */

/**
 * Returns the first text that was passed with the same characters, so that equal texts take memory only once.
 *
 * @param texts the texts so far, to which the given one is added
 * @param text the text
 */
export function intern(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}
