/**
 * Tells output that is text from output that is data. Pure.
 *
 * @module
 */

/** How many characters have to be junk before output is taken for data; their share has to be a quarter, too. */
const LEAST = 32;
const SHARE = 4;
/** What was read longer ago than about this many characters says less and less. */
const WINDOW = 4_096;
/** Controls that no text has. Those with which old terminals change the character set are not among them. */
// deno-lint-ignore no-control-regex
const JUNK = /[\x00-\x06\x10-\x1a\x1c-\x1f\x7f-\x9f]/;
/** What a decoder makes of bytes that are no UTF-8. */
const NO_CHARACTER = "\ufffd";

/**
 * Counts what no text has. A stray zero, or letters of an older encoding, are no reason to give up on a program. It has to
 * be asked at places that do not depend on how the output was cut into chunks.
 */
export class JunkMeter {
  #seen = 0;
  #junk = 0;

  /** Whether this is no text any more. */
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

  /** Counts a part of a text, which has no controls. */
  text(text: string, from: number, to: number): void {
    this.#seen += to - from;
    for (let at = text.indexOf(NO_CHARACTER, from); at !== -1 && at < to;) {
      this.#junk++;
      at = text.indexOf(NO_CHARACTER, at + 1);
    }
  }
}
