/**
 * Removes the escape sequences of terminals (ECMA-48) from text.
 *
 * @module
 */

// deno-lint-ignore-file no-control-regex -- matches control characters on purpose

const ESCAPE = 0x1b;
/**
 * Matches the characters that an escape sequence can begin with: ESC, or a C1 control character, which stands
 * for ESC and another character.
 */
const START = /[\x1b\x90\x98\x9b\x9d-\x9f]/g;
/** Matches the rest of a control sequence, such as a colour, after its introducer. */
const CONTROL_SEQUENCE = /[0-?]*[ -/]*[@-~]/y;
/** Matches the rest of a short sequence, after ESC. */
const SHORT_SEQUENCE = /[ -/]*[0-Z\\^-~]/y;
/** Matches the characters that end or abort a control string. */
const STOP = /[\x07\x1b\x9c]/g;

/**
 * Removes escape sequences: control sequences, control strings up to their terminators, and short sequences.
 * An unfinished sequence is kept. The run time is linear in the length of the text, whatever the text
 * contains.
 *
 * @param text the text
 * @returns the text without the sequences; it may still contain control characters
 */
export function withoutSequences(text: string): string {
  let kept = "";
  let start = 0;
  /**
   * The index at which the last search found the end of a control string, so that no part of the text is
   * searched twice.
   */
  let stop = -1;

  function endOfString(from: number): number | null {
    if (stop < from) stop = indexOf(STOP, text, from);
    const code = text.charCodeAt(stop);
    if (code !== ESCAPE) return stop === text.length ? null : stop + 1;
    return text[stop + 1] === "\\" ? stop + 2 : null;
  }

  function endOf(at: number): number | null {
    if (text.charCodeAt(at) !== ESCAPE) {
      return text[at] === "\x9b" ? match(CONTROL_SEQUENCE, text, at + 1) : endOfString(at + 1);
    }
    const next = text[at + 1] ?? "";
    const end = next === "["
      ? match(CONTROL_SEQUENCE, text, at + 2)
      : next !== "" && "]PX^_".includes(next)
      ? endOfString(at + 2)
      : null;
    return end ?? match(SHORT_SEQUENCE, text, at + 1);
  }

  for (let at = indexOf(START, text, 0); at < text.length;) {
    const end = endOf(at);
    if (end !== null) {
      kept += text.slice(start, at);
      start = end;
    }
    at = indexOf(START, text, end ?? at + 1);
  }
  return start === 0 ? text : kept + text.slice(start);
}

/** Returns the index of the first match from an index on; the length of the text if there is none. */
function indexOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

/** Returns the index of the end of the match that begins at an index; `null` if there is none. */
function match(pattern: RegExp, text: string, from: number): number | null {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : null;
}
