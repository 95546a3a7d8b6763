/**
 * Splits a program's output into lines as a person sees them. Pure.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { escapeEnd } from "./escapes.ts";
import { JunkMeter } from "./junk_meter.ts";
import { Pen } from "./pen.ts";
import { type OutputLine, Screen } from "./screen.ts";

/** The line that replaces binary output. */
export const NOT_TEXT = "(The rest of the output is not text and is not shown.)";

/**
 * The maximum length of a line that is kept, in characters: one more than the maximum of the log, so that the log can
 * detect that the line was cut.
 */
const KEPT_LENGTH = LIMITS.logLineLength + 1;
/** Control characters except the tab, and the byte order mark. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff]/g;
/** A control sequence (ECMA-48, 5.4) without its `ESC`: parameters and the final character. */
const CSI = /^\[([?\d;:]*)([`A-Za-z])$/;
/** The final characters of the sequences with a private parameter that are followed: modes, and selective erasing. */
const PRIVATE = /^[hlJK]$/;
/** A progress report of ConEmu, Windows Terminal and others: an operating system command, ended by `BEL` or `ST`. */
// deno-lint-ignore no-control-regex
const OSC_PROGRESS = /^\](9;4;[\d;]{1,8})(?:\x07|\x1b\\)$/;
/** The parameters that show and hide the alternate screen (xterm). */
const ALTERNATE = /^\?(?:47|1047|1049)$/;

/**
 * Splits output into lines and redraws, in bounded memory. Follows the cursor as a terminal does: after a carriage
 * return, a backspace or a cursor movement, text that is overwritten is a _redraw_, and text that a newline ends is a
 * line. The result does not depend on how the bytes are cut into chunks.
 */
export class LineSplitter {
  #decoder = newDecoder();
  #found: OutputLine[] = [];
  readonly #screen = new Screen(KEPT_LENGTH, (line) => this.#found.push(line));
  readonly #pen = new Pen();
  readonly #junk = new JunkMeter();
  /** An escape sequence whose end has not arrived yet. */
  #rest = "";
  #isData = false;

  /** The row that no newline has ended yet; `undefined` if it is empty. */
  get unfinished(): OutputLine | undefined {
    return this.#isData ? undefined : this.#screen.unfinished;
  }

  /**
   * Takes bytes.
   *
   * @param bytes the next bytes of the output
   * @returns the lines and redraws that these bytes complete, in order
   */
  push(bytes: Uint8Array): OutputLine[] {
    if (!this.#isData) this.#read(this.#rest + this.#decoder.decode(bytes, { stream: true }));
    return this.#taken();
  }

  /**
   * Skips a part of the output. The part begins in the current row and ends with a newline. A line in the log states
   * the gap.
   *
   * @param byteCount the number of bytes that are missing
   * @returns the redraws of the unfinished rows, and the line about the gap
   */
  skip(byteCount: number): OutputLine[] {
    if (this.#isData) return [];
    // The decoder is replaced, because the gap may begin within a character or an escape sequence.
    this.#decoder = newDecoder();
    this.#rest = "";
    if (this.#screen.unfinished !== undefined) {
      this.#screen.eraseInRow("all");
      this.#screen.newline();
    }
    this.#found.push({ text: leftOut(byteCount), isRedraw: false, row: -1 });
    return this.#taken();
  }

  /**
   * Ends the output.
   *
   * @returns the rest, including a last line without a newline
   */
  end(): OutputLine[] {
    if (!this.#isData) this.#read(this.#rest + this.#decoder.decode());
    if (!this.#isData) this.#screen.end();
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
      if (at > from) this.#write(text, from, at);
      if (at === text.length) return;
      from = text[at] === "\x1b" ? escapeEnd(text, at) : at + 1;
      if (from === -1) {
        this.#rest = text.slice(at);
        return;
      }
      if (text[at] === "\x1b") this.#escape(text.slice(at + 1, from));
      else this.#control(text[at]!);
    }
  }

  #write(text: string, from: number, to: number): void {
    this.#junk.text(text, from, to);
    this.#screen.write(text.slice(from, to), this.#pen.style);
  }

  #control(control: string): void {
    if (control === "\n") this.#screen.newline();
    else if (control === "\r") this.#screen.moveTo(0);
    else if (control === "\b") this.#screen.moveBy(-1);
    this.#junk.control(control);
    if (this.#junk.isData) {
      this.#isData = true;
      this.#found.push({ text: NOT_TEXT, isRedraw: false, row: 0 });
    }
  }

  #escape(sequence: string): void {
    const osc = OSC_PROGRESS.exec(sequence)?.[1];
    if (osc !== undefined) this.#found.push({ text: "", isRedraw: true, row: -1, osc });
    const screen = this.#screen;
    if (sequence === "7") return screen.save();
    if (sequence === "8") return screen.restore();
    const [, parameters = "", final = ""] = CSI.exec(sequence) ?? [];
    // `CSI ? u`, for example, queries the keyboard protocol.
    if (parameters.startsWith("?") && !PRIVATE.test(final)) return;
    const count = Number.parseInt(parameters, 10) || 1;
    switch (final) {
      case "A":
        return screen.moveRows(-count);
      case "B":
        return screen.moveRows(count);
      case "C":
        return screen.moveBy(count);
      case "D":
        return screen.moveBy(-count);
      case "E":
      case "F":
        screen.moveRows(final === "E" ? count : -count);
        return screen.moveTo(0);
      case "G":
      case "`":
        return screen.addressColumn(count - 1);
      case "d":
        return screen.addressRow(count);
      case "H":
      case "f":
        return screen.address(count, (Number.parseInt(parameters.split(";")[1] ?? "", 10) || 1) - 1);
      case "J":
        return parameters === "2" || parameters === "3" ? screen.eraseAll() : screen.eraseBelow();
      case "K":
        return screen.eraseInRow(parameters === "1" ? "before" : parameters === "2" ? "all" : "after");
      case "m":
        return this.#pen.apply(parameters);
      case "s":
        return screen.save();
      case "u":
        return screen.restore();
      case "h":
      case "l":
        if (ALTERNATE.test(parameters)) screen.showAlternate(final === "h");
    }
  }
}

function newDecoder(): TextDecoder {
  // The decoder's handling of a byte order mark would depend on how the bytes are cut.
  return new TextDecoder(undefined, { ignoreBOM: true });
}

function leftOut(byteCount: number): string {
  const kilobytes = Math.ceil(byteCount / 1_000).toLocaleString("en-US");
  return `(${kilobytes} kB of output left out: it came faster than it could be logged.)`;
}
