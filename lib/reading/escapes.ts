/**
 * Finds the ends of a terminal's escape sequences. Pure.
 *
 * @module
 */

/** The maximum length of a control sequence (`ESC [ … m`) that is recognised, in characters. */
const SEQUENCE_LENGTH = 64;
/** The maximum length of the text in an escape sequence, such as a window's title, in characters. */
const STRING_LENGTH = 4_096;

const BELL = 0x07;
const ESCAPE = 0x1b;

/**
 * Finds the end of an escape sequence (ECMA-48). A malformed sequence ends at its first invalid character, so that it can't
 * hide the rest of the output.
 *
 * @param text the output
 * @param at the index of `ESC`
 * @returns the index after the sequence; -1 if the text ends within it
 */
export function escapeEnd(text: string, at: number): number {
  if (at + 1 >= text.length) return -1;
  const kind = text[at + 1]!;
  if (kind === "[") return controlEnd(text, at);
  if ("]PX^_".includes(kind)) return stringEnd(text, at);
  return shortEnd(text, at);
}

/** Finds the end of `ESC [`, parameters, and one final character. */
function controlEnd(text: string, at: number): number {
  for (let index = at + 2; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x40 && code <= 0x7e) return index + 1;
    if (code < 0x20 || code > 0x3f || index - at >= SEQUENCE_LENGTH) return index;
  }
  return -1;
}

/** Finds the end of `ESC ]` or a similar beginning, any text, and a bell or `ESC \`. */
function stringEnd(text: string, at: number): number {
  for (let index = at + 2; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === BELL) return index + 1;
    if (code === ESCAPE) {
      if (index + 1 >= text.length) return -1;
      return text[index + 1] === "\\" ? index + 2 : index;
    }
    // A terminal would wait for the end of the sequence, but a log must not.
    if (code === 0x0a || code === 0x0d || index - at >= STRING_LENGTH) return index;
  }
  return -1;
}

/**
 * Finds the end of `ESC`, optional intermediate characters (a space or one of `!"#$%&'()*+,-./`), and one final
 * character.
 */
function shortEnd(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x7e) return index + 1;
    if (code < 0x20 || code > 0x2f || index - at >= SEQUENCE_LENGTH) return index;
  }
  return -1;
}
