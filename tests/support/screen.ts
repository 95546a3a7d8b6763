/**
 * What a terminal makes of what it is sent, as far as this project sends it anything.
 *
 * @module
 */

import { textWidth } from "../../lib/text/terminal_text.ts";

// deno-lint-ignore no-control-regex -- it is what terminals are sent
const TOKEN = new RegExp("\\x1b\\[(\\d*)([AJKm])|[\\r\\n]|[^\\x00-\\x1f\\x7f-\\x9f]", "guy");

/** A terminal. Throws at everything that it does not know, and where a line would wrap. */
export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  /** All rows that there ever were; the last of them are on the screen. */
  readonly #cells: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** How often something was coloured. */
  colored = 0;

  /** @param columns how wide it is @param rows how high */
  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** What is there to read, also what has left at the top; without what is empty at the end. */
  get lines(): string[] {
    const lines = this.#cells.map((cells) => Array.from(cells, (cell) => cell ?? " ").join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Whether the cursor is at the beginning of a line with nothing in it, nor below it. */
  get isClean(): boolean {
    return this.#column === 0 && this.lines.length <= this.#row;
  }

  /** Takes what is sent; whole tokens only. */
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
    // What takes no column of its own stands with what is before it, and what takes two hides the next cell.
    if (width === 0) cells[Math.max(0, this.#column - 1)] += character;
    else cells[this.#column] = character;
    if (width === 2) cells[this.#column + 1] = "";
    this.#column += width;
  }
}
