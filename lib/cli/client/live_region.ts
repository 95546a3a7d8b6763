/**
 * Lines at the bottom of a terminal that are drawn anew in place, below others that stay.
 *
 * @module
 */

import { textWidth } from "../../text/terminal_text.ts";
import type { TerminalSize } from "../terminal.ts";

const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const COLORS = new RegExp("\x1b\\[\\d*m", "g");

/**
 * Draws lines in place. The cursor always stands at the beginning of the line below them, and nothing of the terminal is
 * changed otherwise, so that there is nothing to put right where the program is killed.
 */
export class LiveRegion {
  readonly #write: (text: string) => void;
  readonly #size: () => TerminalSize;
  /** The widths of the lines that are on the screen. */
  #drawn: readonly number[] = [];

  /**
   * @param write writes to the terminal
   * @param size how large it is now
   */
  constructor(write: (text: string) => void, size: () => TerminalSize) {
    this.#write = write;
    this.#size = size;
  }

  /**
   * Draws the lines anew; whatever was typed below them is gone, such as the Ctrl-C that ends the program.
   *
   * @param lines what is to be in the place of the lines that are there, each narrower than the terminal; those that it
   *   has no row for are left out
   * @param above lines that are to stay above them for good
   */
  draw(lines: readonly string[], above: readonly string[] = []): void {
    const { columns, rows } = this.#size();
    // A terminal that became narrower has wrapped what was there.
    const before = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    // What has left the screen at its top is out of reach.
    const up = Math.min(before, rows - 1);
    const shown = lines.slice(0, Math.max(1, rows - 1));
    this.#drawn = shown.map(widthOf);
    const text = [...above, ...shown].map((line) => `${line}${CLEAR_LINE_END}\n`).join("");
    // In one piece, so that nobody sees half of it.
    this.#write(`\r${up === 0 ? "" : `\x1b[${up}A`}${text}${CLEAR_BELOW}`);
  }
}

function widthOf(line: string): number {
  return textWidth(line.replace(COLORS, ""));
}
