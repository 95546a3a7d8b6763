/**
 * Detects binary output. Pure.
 *
 * @module
 */

/** Output is binary if more than this many characters, and more than a quarter of all characters, are junk. */
const LEAST = 32;
const SHARE = 4;
/** After this many characters, the counts are halved, so that recent output weighs more. */
const WINDOW = 4_096;
/**
 * Control characters that text does not contain. The characters that switch character sets on old terminals are
 * allowed.
 */
// deno-lint-ignore no-control-regex
const JUNK = /[\x00-\x06\x10-\x1a\x1c-\x1f\x7f-\x9f]/;
/** The replacement for bytes that are not UTF-8. */
const NO_CHARACTER = "\ufffd";

/**
 * Counts junk: characters that text does not contain. A few junk characters, such as letters in an older encoding, are
 * tolerated. Read `isData` only at positions that do not depend on how the output is cut into chunks, so that the
 * result does not depend on it either.
 */
export class JunkMeter {
  #seen = 0;
  #junk = 0;

  /** Whether the output is binary. */
  get isData(): boolean {
    return this.#junk > LEAST && this.#junk * SHARE > this.#seen;
  }

  /** Counts a control character. */
  control(control: string): void {
    this.#seen++;
    if (JUNK.test(control)) this.#junk++;
    if (this.#seen <= WINDOW || this.isData) return;
    this.#seen /= 2;
    this.#junk /= 2;
  }

  /** Counts a part of a text that contains no control characters. */
  text(text: string, from: number, to: number): void {
    this.#seen += to - from;
    for (let at = text.indexOf(NO_CHARACTER, from); at !== -1 && at < to;) {
      this.#junk++;
      at = text.indexOf(NO_CHARACTER, at + 1);
    }
  }
}
