/**
 * Reads the progress of a program from the lines it writes. Pure.
 *
 * @module
 */

import { FORMATS } from "./formats/mod.ts";
import { jsonLines } from "./formats/json_lines.ts";
import type { OutputLine } from "./rows.ts";
import type { Format, Reading } from "./reading.ts";

/** Lines that are longer are prose or data; only JSON may be. */
const LONGEST_LINE = 400;

/**
 * Reads progress from the lines of one program. One reader takes both stdout and stderr, as some programs print the total
 * on one and the current position on the other.
 */
export class ProgressReader {
  readonly #formats: readonly Format[] = FORMATS.map((format) => format());
  readonly #json: Format = jsonLines();

  /**
   * Reads a line.
   *
   * @param line what came
   * @returns how far the program says that it is; `undefined` where it does not
   */
  read(line: OutputLine): Reading | undefined {
    const { text, isRedraw } = line;
    if (text.length > LONGEST_LINE) return this.#json(text, isRedraw) ?? undefined;
    for (const format of this.#formats) {
      const reading = format(text, isRedraw);
      if (reading !== undefined) return reading ?? undefined;
    }
    return undefined;
  }
}
