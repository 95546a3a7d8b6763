/**
 * Keeps the last rows of output, for programs that move the cursor up. Pure.
 *
 * @module
 */

/** A line of output, or one of its redraws. */
export interface OutputLine {
  /** What is to be read, without the sequences that colour it and move the cursor. */
  readonly text: string;
  /** It was drawn over: another version took its place. What stays is a line. */
  readonly isRedraw: boolean;
}

/** A row above the cursor. */
interface Row {
  readonly text: string;
  /** Whether it is a line that was given out, as it is. */
  readonly isOut: boolean;
}

/** Number of rows that the cursor can move up. */
const KEPT_ROWS = 256;

/**
 * Distinguishes lines from redraws if the cursor moves up: each version of a row is a redraw; the last one becomes a line
 * once there is a new row below it.
 */
export class Rows {
  /** The newest rows, oldest first. */
  #rows: Row[] = [];
  /** How many rows the cursor is above the last one. */
  #up = 0;
  readonly #give: (line: OutputLine) => void;

  /** @param give takes lines and redraws */
  constructor(give: (line: OutputLine) => void) {
    this.#give = give;
  }

  /** How far up the cursor is; setting it moves the cursor, within what there is. */
  get up(): number {
    return this.#up;
  }

  set up(count: number) {
    this.#up = Math.max(0, Math.min(this.#rows.length, count));
  }

  /** Whether the cursor is in the first row. */
  get isAtTop(): boolean {
    return this.#up === this.#rows.length;
  }

  /**
   * A newline ends the row that the cursor is in.
   *
   * @param text what is in it
   * @param isDrawn whether it was drawn over, so that it is nothing where it is empty
   */
  end(text: string, isDrawn: boolean): void {
    if (this.#up > 0) this.#replace(this.#rows.length - this.#up--, text.trimEnd());
    else this.#add(isDrawn ? text.trimEnd() : text, isDrawn);
  }

  /** The cursor is about to go elsewhere, without a newline. */
  leave(text: string): void {
    if (this.#up > 0 && text !== "") this.#rows[this.#rows.length - this.#up] = { text, isOut: false };
  }

  /** The screen is empty now, and what is written to it is news. */
  empty(): void {
    this.settle();
    this.#rows = this.#rows.map(() => ({ text: "", isOut: true }));
  }

  /** The last versions of rows that were drawn over become lines. */
  settle(): void {
    this.#rows.forEach(({ text, isOut }, row) => {
      if (isOut) return;
      if (text !== "") this.#give({ text, isRedraw: false });
      this.#rows[row] = { text, isOut: true };
    });
  }

  #replace(row: number, text: string): void {
    // Where nothing was, this is news.
    const isNews = this.#rows[row]!.text === "";
    this.#rows[row] = { text, isOut: isNews };
    if (text !== "") this.#give({ text, isRedraw: !isNews });
  }

  #add(text: string, isDrawn: boolean): void {
    this.settle();
    this.#rows.push({ text: text.trimEnd(), isOut: true });
    if (this.#rows.length > KEPT_ROWS) this.#rows.shift();
    if (text !== "" || !isDrawn) this.#give({ text, isRedraw: false });
  }
}
