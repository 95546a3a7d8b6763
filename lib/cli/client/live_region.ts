/**
 * Redraws the bottom lines of a terminal in place; lines above them are not changed.
 *
 * @module
 */

import { textWidth } from "../../text/terminal_text.ts";
import type { TerminalSize } from "../terminal.ts";

const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const COLORS = new RegExp("\x1b\\[\\d*m", "g");

/**
 * Redraws lines in place. Between two draws, the cursor is at the start of the line below the drawn lines. No
 * terminal mode is changed, so the terminal is usable even if the program is killed.
 */
export class LiveRegion {
  readonly #write: (text: string) => void;
  readonly #size: () => TerminalSize;
  /** The widths of the lines on the screen, in columns. */
  #drawn: readonly number[] = [];

  /**
   * @param write writes to the terminal
   * @param size returns the terminal's current size
   */
  constructor(write: (text: string) => void, size: () => TerminalSize) {
    this.#write = write;
    this.#size = size;
  }

  /**
   * Replaces the lines, and clears everything below them, such as the `^C` that a terminal echoes.
   *
   * @param lines the new lines, each narrower than the terminal; lines beyond its height are dropped
   * @param above lines to print above them permanently
   */
  draw(lines: readonly string[], above: readonly string[] = []): void {
    const { columns, rows } = this.#size();
    // If the terminal became narrower, it has wrapped the old lines.
    const before = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    // The cursor cannot move above the top of the screen.
    const up = Math.min(before, rows - 1);
    const shown = lines.slice(0, Math.max(1, rows - 1));
    this.#drawn = shown.map(widthOf);
    const text = [...above, ...shown].map((line) => `${line}${CLEAR_LINE_END}\n`).join("");
    // A single write avoids flicker.
    this.#write(`\r${up === 0 ? "" : `\x1b[${up}A`}${text}${CLEAR_BELOW}`);
  }
}

function widthOf(line: string): number {
  return textWidth(line.replace(COLORS, ""));
}
