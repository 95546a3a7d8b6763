/**
 * Emulates the part of a terminal that the program's output needs.
 *
 * @module
 */

import { textWidth } from "../../lib/text/terminal_text.ts";

// deno-lint-ignore no-control-regex -- the output for a terminal contains control characters
const TOKEN = new RegExp("\\x1b\\[(\\d*)([AJKm])|[\\r\\n]|[^\\x00-\\x1f\\x7f-\\x9f]", "guy");

/** A terminal that throws if it receives an unknown sequence, or if a line would wrap. */
export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  /** All rows written so far, by character; the last ones are visible. */
  readonly #cells: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** The number of colour sequences received so far. */
  colored = 0;

  /** @param columns the width of the terminal @param rows the height of the terminal */
  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** All lines, including those scrolled off at the top, without trailing empty ones. */
  get lines(): string[] {
    const lines = this.#cells.map((cells) => Array.from(cells, (cell) => cell ?? " ").join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Whether the cursor is at the start of an empty line with nothing below it. */
  get isClean(): boolean {
    return this.#column === 0 && this.lines.length <= this.#row;
  }

  /** Processes output, which must not end within an escape sequence. */
  write(text: string): void {
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
      const [token, number, command] = match;
      end = match.index + token.length;
      if (command !== undefined) this.#obey(command, number!);
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#feed();
      else this.#print(token);
    }
    if (end < text.length) {
      throw new Error(
        `The terminal received an unknown sequence: ${JSON.stringify(text.slice(end, end + 40))}`,
      );
    }
  }

  #obey(command: string, number: string): void {
    const top = Math.max(0, this.#cells.length - this.#rows);
    if (command === "A") this.#row = Math.max(top, this.#row - Number(number || 1));
    else if (command === "m") this.colored++;
    else {
      this.#cells[this.#row]!.splice(this.#column);
      if (command === "J") {
        for (let row = this.#row + 1; row < this.#cells.length; row++) this.#cells[row] = [];
      }
    }
  }

  #feed(): void {
    this.#column = 0;
    this.#row++;
    if (this.#row === this.#cells.length) this.#cells.push([]);
  }

  #print(character: string): void {
    const width = textWidth(character);
    if (this.#column + width > this.#columns) {
      throw new Error(`A line is wider than the terminal: ${this.lines[this.#row]}`);
    }
    const cells = this.#cells[this.#row]!;
    // A zero-width character joins the previous cell, and a wide one hides the next cell.
    if (width === 0) cells[Math.max(0, this.#column - 1)] += character;
    else cells[this.#column] = character;
    if (width === 2) cells[this.#column + 1] = "";
    this.#column += width;
  }
}
