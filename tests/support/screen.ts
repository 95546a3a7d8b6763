/**
 * Emulates a terminal, as far as the program's output needs it.
 *
 * @module
 */

import { textWidth } from "../../lib/text/terminal_text.ts";

// deno-lint-ignore no-control-regex -- it is what terminals are sent
const TOKEN = new RegExp("\\x1b\\[(\\d*)([AJKm])|[\\r\\n]|[^\\x00-\\x1f\\x7f-\\x9f]", "guy");

/** A terminal. Throws on an unknown sequence, and if a line would wrap. */
export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  /** All rows so far; the last ones are on the screen. */
  readonly #cells: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** The number of colour sequences. */
  colored = 0;

  /** @param columns its width @param rows its height */
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

  /** Processes output, which must consist of whole tokens. */
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
      throw new Error(`A terminal was sent ${JSON.stringify(text.slice(end, end + 40))}`);
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
    if (this.#column + width > this.#columns) throw new Error(`A line wraps: ${this.lines[this.#row]}`);
    const cells = this.#cells[this.#row]!;
    // A zero-width character joins the previous cell, and a wide one hides the next cell.
    if (width === 0) cells[Math.max(0, this.#column - 1)] += character;
    else cells[this.#column] = character;
    if (width === 2) cells[this.#column + 1] = "";
    this.#column += width;
  }
}
