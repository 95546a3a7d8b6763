/**
 * Splits the bytes that a program writes into the lines that a terminal would show. Pure.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { escapeEnd } from "./escapes.ts";
import { JunkMeter } from "./junk_meter.ts";
import { type OutputLine, Rows } from "./rows.ts";

/** The log line that replaces binary output. */
export const NOT_TEXT = "(binary output, not shown from here on)";

/** Characters of a line that are kept; one more than the log shows, so that the cut can be seen there. */
const KEPT_LENGTH = LIMITS.logLineLength + 1;
/** Everything that is not simply put behind what is there: controls, but the tab, and marks of byte order. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff]/g;
/** An escape sequence that moves the cursor or erases, without its `ESC [`. */
const MOVE = /^\[([\d;]*)([A-Za-z])$/;

/**
 * Splits bytes into lines, in bounded memory. A carriage return, a backspace or a cursor movement turns the text so far
 * into a _redraw_; the text that a newline ends is the line. The result does not depend on how the bytes are split into
 * chunks.
 */
export class LineSplitter {
  // Whether it sees a mark of byte order depends on how the bytes are cut.
  readonly #decoder = new TextDecoder(undefined, { ignoreBOM: true });
  #found: OutputLine[] = [];
  readonly #rows = new Rows((line) => this.#found.push(line));
  readonly #junk = new JunkMeter();
  /** An escape sequence of which the end has not come yet. */
  #rest = "";
  /** What is in the row of the cursor. */
  #text = "";
  /** The cursor is at the beginning of the text: what comes takes its place. */
  #isOver = false;
  /** The row was drawn over, or is to be. */
  #isDrawn = false;
  /** The last character was a backspace. */
  #isErasing = false;
  #saved: { readonly text: string; readonly up: number } | null = null;
  #isData = false;

  /** What stands in a row that is drawn over and over, and is not complete yet; `undefined` where there is none. */
  get drawn(): OutputLine | undefined {
    const text = this.#text.trimEnd();
    return this.#isDrawn && text !== "" ? { text, isRedraw: true } : undefined;
  }

  /**
   * Takes bytes.
   *
   * @param bytes what came next
   * @returns the lines and redraws that it completes, in order
   */
  push(bytes: Uint8Array): OutputLine[] {
    if (!this.#isData) this.#read(this.#rest + this.#decoder.decode(bytes, { stream: true }));
    return this.#taken();
  }

  /**
   * Says that nothing more comes.
   *
   * @returns the last line, where no newline ended it
   */
  end(): OutputLine[] {
    if (!this.#isData) this.#read(this.#rest + this.#decoder.decode());
    if (!this.#isData) {
      if (this.#text !== "") this.#endRow();
      this.#rows.settle();
    }
    return this.#taken();
  }

  #taken(): OutputLine[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #read(text: string): void {
    this.#rest = "";
    let from = 0;
    while (!this.#isData) {
      CONTROL.lastIndex = from;
      const at = CONTROL.exec(text)?.index ?? text.length;
      if (at > from) this.#append(text, from, at);
      if (at === text.length) return;
      from = text[at] === "\x1b" ? escapeEnd(text, at) : at + 1;
      if (from === -1) {
        this.#rest = text.slice(at);
        return;
      }
      const control = text.slice(at, from);
      if (control[0] === "\x1b") this.#escape(control.slice(1));
      else this.#control(control);
      this.#isErasing = control === "\b";
    }
  }

  #append(text: string, from: number, to: number): void {
    if (this.#isOver) this.#clear();
    this.#isErasing = false;
    this.#junk.text(text, from, to);
    const room = KEPT_LENGTH - this.#text.length;
    if (room > 0) this.#text += text.slice(from, Math.min(to, from + room));
  }

  #control(control: string): void {
    if (control === "\n") {
      this.#endRow();
    } else if (control === "\r") {
      this.#isOver = this.#text !== "";
      this.#isDrawn = true;
    } else if (control === "\b") {
      if (!this.#isErasing) this.#giveRedraw();
      this.#isDrawn = true;
      this.#text = this.#text.slice(0, -1);
    }
    this.#junk.control(control);
    if (this.#junk.isData) {
      this.#isData = true;
      this.#text = "";
      this.#found.push({ text: NOT_TEXT, isRedraw: false });
    }
  }

  /** Follows the cursor, as far as it has to do with lines. */
  #escape(sequence: string): void {
    const [, parameters = "", move] = MOVE.exec(sequence) ?? [];
    const count = Number.parseInt(parameters, 10) || 1;
    switch (move ?? sequence) {
      case "A":
      case "F":
        return this.#leaveRow(this.#rows.up + count);
      case "B":
      case "E":
        return this.#leaveRow(this.#rows.up - count);
      case "G":
        if (count === 1) this.#control("\r");
        return;
      case "H":
      case "f":
        // Somewhere on the screen: a program that draws all of it.
        return this.#leaveRow(Infinity);
      case "J":
        if (parameters === "2" || this.#rows.isAtTop) this.#rows.empty();
        return;
      case "K":
        if (this.#isOver || (parameters !== "" && parameters !== "0")) this.#clear();
        return;
      case "7":
      case "s":
        this.#saved = { text: this.#text, up: this.#rows.up };
        this.#text = "";
        return;
      case "8":
      case "u":
        this.#clear();
        this.#text = this.#saved?.text ?? "";
        this.#rows.up = this.#saved?.up ?? 0;
        this.#saved = null;
    }
  }

  #endRow(): void {
    this.#rows.end(this.#text, this.#isDrawn);
    this.#text = "";
    this.#isOver = this.#isDrawn = false;
  }

  #leaveRow(up: number): void {
    this.#rows.leave(this.#text.trimEnd());
    this.#clear();
    this.#rows.up = up;
  }

  /** What is there goes, and something else takes its place. */
  #clear(): void {
    this.#giveRedraw();
    this.#text = "";
    this.#isOver = false;
    this.#isDrawn = true;
  }

  #giveRedraw(): void {
    // What is drawn over is padded with spaces, or made of nothing else.
    const text = this.#text.trimEnd();
    if (text !== "") this.#found.push({ text, isRedraw: true });
  }
}
