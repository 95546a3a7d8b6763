/**
 * Measures the nesting of JSON text before it is parsed.
 *
 * @module
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Returns whether arrays and objects in JSON text are nested deeper than a number of levels. The text is
 * scanned once, because a function that recurses into the parsed value could overflow the stack.
 *
 * @param text the text, which need not be valid JSON
 * @param levels the maximum number of levels
 */
export function nestsDeeperThan(text: string, levels: number): boolean {
  // Fast path: each level takes two brackets.
  if (text.length <= 2 * levels) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index + 1);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > levels) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
  return false;
}

/** Returns the index of the quote that ends a string; the length of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index++;
  }
  return text.length;
}
