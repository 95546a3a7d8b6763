/**
 * Keeps the rows of a terminal that a program can still change. Pure.
 *
 * @module
 */

import { solidRunIn } from "./solid_run.ts";
import { painted, styledText, type StyleMark } from "./pen.ts";

/** A line of output, or an earlier version of it. */
export interface OutputLine {
  /** The visible text, without escape sequences. */
  readonly text: string;
  /** The text with the escape sequences of its colours; absent if it has none. */
  readonly styled?: string;
  /** The positions at which styles begin in a version of a row; absent in lines. */
  readonly marks?: readonly StyleMark[];
  /** Whether this is a version of a row that is being redrawn. The log takes only final lines. */
  readonly isRedraw: boolean;
  /** The row, counted from the beginning of the output; every version of a row has the same number. */
  readonly row: number;
  /** The content of an operating system command (`OSC`), if the output was one instead of text. */
  readonly osc?: string;
}

interface Row {
  text: string;
  /** The positions at which styles begin. */
  marks: readonly StyleMark[];
  /** The text that was last passed on as a line; `null` if none was. */
  logged: string | null;
  /** The text that was last passed on, as a line or as a redraw. */
  given: string;
}

/** A row that the program addresses by its number on the screen; its number here is negative. */
interface AddressedRow extends Row {
  readonly number: number;
}

/** A position of the cursor, which `ESC 7` saves. */
interface Position {
  readonly row: number;
  readonly column: number;
}

/** The maximum number of rows that are kept, to which the cursor can return. */
const KEPT_ROWS = 256;
/** The rightmost column that the cursor can be moved to; no terminal is wider. */
const WIDEST = 1_000;

/**
 * Follows the cursor and distinguishes lines from redraws. Text that is about to be overwritten is passed on as a
 * redraw. A row is passed on as a line once there is a row below it. If the row is redrawn afterwards, the new version
 * is passed on as a line, too, once another row follows.
 */
export class Screen {
  #rows: Row[] = [emptyRow()];
  /** The number of the first kept row. */
  #top = 0;
  #row = 0;
  #column = 0;
  #saved: Position = { row: 0, column: 0 };
  /** Whether the cursor's row has been redrawn; trailing spaces then erase an earlier version. */
  #isDrawn = false;
  /**
   * Whether the cursor was moved to the left and nothing was written since, so that the next text begins a new version
   * of the row.
   */
  #isRewound = false;
  /** Whether a row above the last one may have changed since it was logged. */
  #isDirty = false;
  /** The addressed row that contains the cursor; `null` if the cursor is in an ordinary row. */
  #addressed: AddressedRow | null = null;
  readonly #addressedRows: Map<number, AddressedRow> = new Map();
  /** The rows of the main screen while the alternate screen is shown; otherwise `null`. */
  #main: { readonly rows: Row[]; readonly top: number; readonly at: Position } | null = null;
  readonly #length: number;
  readonly #give: (line: OutputLine) => void;

  /**
   * @param length the maximum number of characters of a row that are kept
   * @param give called with each line and redraw, in order
   */
  constructor(length: number, give: (line: OutputLine) => void) {
    this.#length = length;
    this.#give = give;
  }

  /** The text of the cursor's row, as an unfinished line; `undefined` if the row is empty. */
  get unfinished(): OutputLine | undefined {
    const { text: written, marks } = this.#current;
    const text = written.trimEnd();
    return text === "" ? undefined : { text, marks, isRedraw: true, row: this.#number };
  }

  get #current(): Row {
    return this.#addressed ?? this.#rows[this.#row]!;
  }

  /** The number of the cursor's row. */
  get #number(): number {
    return this.#addressed?.number ?? this.#top + this.#row;
  }

  /**
   * Writes text without control characters at the cursor.
   *
   * @param text the text
   * @param style the parameters of its style; empty for plain text
   */
  write(text: string, style = ""): void {
    const row = this.#current;
    const { length } = row.text;
    if (this.#isRewound && this.#column < length) this.#giveVersion();
    row.marks = painted(row.marks, Math.min(this.#column, length), this.#column, "");
    row.marks = painted(row.marks, this.#column, this.#column + text.length, style);
    if (this.#column < length) {
      this.#isDrawn = true;
      row.text = row.text.slice(0, this.#column) + text + row.text.slice(this.#column + text.length);
    } else {
      row.text += " ".repeat(this.#column - length) + text;
    }
    if (row.text.length > this.#length) row.text = row.text.slice(0, this.#length);
    this.#isRewound = false;
    if (this.#row < this.#rows.length - 1) this.#isDirty = true;
    this.#column = Math.min(this.#column + text.length, Math.max(this.#length, WIDEST));
  }

  /** Moves the cursor to a column of the row, counted from 0. */
  moveTo(column: number): void {
    if (column < this.#column) this.#isRewound = true;
    this.#column = Math.max(0, Math.min(WIDEST, column));
  }

  /** Moves the cursor to a column of the row, counted from 0. For escape sequences that address columns. */
  addressColumn(column: number): void {
    // The previous version is complete: a program whose spinner frame is empty may write nothing else for a long time.
    if (this.#isRewound && this.#column === column) this.#giveVersion();
    this.moveTo(column);
  }

  /** Moves the cursor to the right, or to the left if `columns` is negative. */
  moveBy(columns: number): void {
    this.moveTo(this.#column + columns);
  }

  /** Moves the cursor down, or up if `count` is negative, but not below the last row. */
  moveRows(count: number): void {
    const last = this.#rows.length - 1;
    if (this.#isDrawn || this.#row < last || this.#addressed !== null) this.#giveVersion();
    this.#addressed = null;
    this.#row = Math.max(0, Math.min(last, this.#row + count));
    this.#isRewound = true;
  }

  /**
   * Moves the cursor to a row of the screen, counted from 1, and a column, counted from 0. The first row is the oldest
   * kept row. The positions of the other rows depend on the height of the screen, which is unknown, so text that is
   * written there is passed on as redraws of separate rows and never logged.
   */
  address(row: number, column: number): void {
    this.moveRows(-this.#rows.length);
    if (row > 1 && row <= KEPT_ROWS) this.#addressed = this.#addressedRow(row);
    this.moveTo(column);
    this.#isRewound = true;
  }

  /** Moves the cursor to a row of the screen, counted from 1, in the same column. */
  addressRow(row: number): void {
    this.address(row, this.#column);
  }

  #addressedRow(row: number): AddressedRow {
    const known = this.#addressedRows.get(row) ?? { ...emptyRow(), number: -row };
    this.#addressedRows.set(row, known);
    return known;
  }

  /** Ends the cursor's row, and moves the cursor to the beginning of the next row. */
  newline(): void {
    const row = this.#current;
    if (this.#isDrawn) row.text = row.text.trimEnd();
    if (this.#addressed !== null) {
      this.moveRows(0);
    } else if (this.#row < this.#rows.length - 1) {
      // Text in a row that was empty is a line, not a redraw.
      if (row.logged === "") this.#logChanged(this.#row);
      else this.#giveVersion();
      this.#row++;
    } else {
      this.#settle();
      // An empty line is a line, unless its text was erased.
      this.#log(this.#row, !this.#isDrawn);
      this.#rows.push(emptyRow());
      if (this.#rows.length > KEPT_ROWS) {
        this.#rows.shift();
        this.#top++;
      } else this.#row++;
    }
    this.#column = 0;
    this.#isDrawn = this.#isRewound = false;
  }

  /** Erases a part of the row: from the cursor on, up to the cursor, or all of it. */
  eraseInRow(part: "after" | "before" | "all"): void {
    const row = this.#current;
    // Text that is erased behind a new version is the rest of the previous version.
    const isWritten = part === "after" && this.#column > 0 && !this.#isRewound;
    if (row.text !== "" && !isWritten) this.#giveVersion();
    if (part === "all") [row.text, row.marks] = ["", []];
    else if (part === "after") row.text = row.text.slice(0, this.#column);
    else row.text = " ".repeat(Math.min(row.text.length, this.#column)) + row.text.slice(this.#column);
    this.#isDrawn = true;
  }

  /** Erases the row from the cursor on, and every row below. */
  eraseBelow(): void {
    this.eraseInRow("after");
    for (const row of this.#rows.slice(this.#row + 1)) [row.text, row.marks] = ["", []];
  }

  /** Erases everything. Text that is written afterwards is logged even if it is the same as before. */
  eraseAll(): void {
    this.#giveVersion();
    this.#settle();
    for (const row of this.#rows) Object.assign(row, emptyRow(), { logged: "" });
    this.#addressedRows.clear();
    this.#isDrawn = true;
  }

  /** Remembers the position of the cursor. */
  save(): void {
    this.#saved = { row: this.#top + this.#row, column: this.#column };
  }

  /** Goes back to the remembered position. */
  restore(): void {
    this.moveRows(this.#saved.row - this.#top - this.#row);
    this.moveTo(this.#saved.column);
  }

  /** Shows the alternate screen, whose content is never logged, or hides it again. */
  showAlternate(isShown: boolean): void {
    if (isShown === (this.#main !== null)) return;
    this.#addressedRows.clear();
    if (isShown) {
      this.#main = { rows: this.#rows, top: this.#top, at: { row: this.#row, column: this.#column } };
      this.#top += this.#rows.length;
      this.#rows = [emptyRow()];
      this.#row = this.#column = 0;
      return;
    }
    const { rows, top, at } = this.#main!;
    this.#main = null;
    [this.#rows, this.#top, this.#row, this.#column] = [rows, top, at.row, at.column];
  }

  /** Passes on the rows that have not become lines yet. */
  end(): void {
    this.showAlternate(false);
    this.#settle();
    this.#logChanged(this.#row);
  }

  /** Passes rows on as lines again if they were redrawn since they became lines. */
  #settle(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    for (let index = 0; index < this.#rows.length - 1; index++) this.#logChanged(index);
  }

  #logChanged(index: number): void {
    const text = this.#rows[index]!.text.trimEnd();
    if (text !== "" && text !== this.#rows[index]!.logged) this.#log(index, false);
  }

  #log(index: number, isEmptyLogged: boolean): void {
    const row = this.#rows[index]!;
    const text = isEmptyLogged ? row.text : row.text.trimEnd();
    row.logged = row.given = text.trimEnd();
    if (text === "" && !isEmptyLogged) return;
    const styled = row.marks.length === 0 ? text : styledText(text, row.marks);
    this.#give({
      text,
      ...(styled !== text && { styled }),
      isRedraw: this.#main !== null,
      row: this.#top + index,
    });
  }

  #giveVersion(): void {
    const row = this.#current;
    const text = row.text.trimEnd();
    // The style is compared, too, because a bar may advance only by a change of colours.
    const given = solidRunIn(text) !== undefined ? styledText(text, row.marks) : text;
    if (given === row.given) return;
    row.given = given;
    if (text === "") return;
    this.#give({ text, marks: row.marks, isRedraw: true, row: this.#number });
  }
}

function emptyRow(): Row {
  return { text: "", marks: [], logged: null, given: "" };
}
