/**
 * Buffers the log lines of a task until they are reported, in bounded memory.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { linesLeftOut } from "./lines_left_out.ts";
import type { LogLine } from "../task/task.ts";

/** The limits of a {@linkcode LogBuffer}, in characters of log text plus 64 characters for each line. */
export interface LogBufferLimits {
  /** The maximum size of one task's buffer. */
  readonly taskCharacters: number;
  /**
   * The maximum size of all buffers of the isolate together; beyond it, each buffer keeps only its newest
   * line.
   */
  readonly allCharacters: number;
}

/** The default {@linkcode LogBufferLimits}. */
export const LOG_BUFFER_LIMITS: LogBufferLimits = {
  taskCharacters: 8 * 1024 * 1024,
  allCharacters: 64 * 1024 * 1024,
};

/** The number of characters that each line counts in addition to its text. */
const LINE_CHARACTERS = 64;
/**
 * The number of characters at which a part is full. A report with a full part is smaller than the 1 MiB that
 * servers accept, even if JSON escapes every character.
 */
const PART_CHARACTERS = 64 * 1024;
/**
 * The number of lines at which a part is full: one fewer than a report may have, because a report may also
 * have a line that says how many lines were dropped.
 */
const PART_LINES = LIMITS.reportLines - 1;

/** The log lines of one report. */
interface Part {
  readonly lines: LogLine[];
  characters: number;
  /** The number of lines that were dropped before the lines of this part. */
  leftOut: number;
}

/** The number of characters in all buffers of this isolate. */
let allCharacters = 0;

/**
 * Buffers log lines in parts, each for one report. If too many lines wait, the oldest lines are dropped, and
 * a line that says how many replaces them.
 */
export class LogBuffer {
  readonly #limits: LogBufferLimits;
  #parts: Part[] = [];
  #characters = 0;

  /** @param limits the maximum size of this buffer, and of all buffers */
  constructor(limits: LogBufferLimits = LOG_BUFFER_LIMITS) {
    this.#limits = limits;
  }

  /** Whether no lines wait to be reported. */
  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Whether enough lines wait to fill a report. */
  get hasFullPart(): boolean {
    return this.#parts.length > 1;
  }

  /** Appends a line, and drops the oldest lines if too many wait. */
  push(line: LogLine): void {
    this.#append(line);
    this.#drop();
  }

  /** Puts lines that must be reported again before the waiting lines. */
  unshift(lines: readonly LogLine[]): void {
    const waiting = this.#parts;
    this.#parts = [];
    for (const line of lines) this.#append(line);
    this.#parts.push(...waiting);
    this.#drop();
  }

  /** Removes and returns the lines of the next report; an empty list if no lines wait. */
  take(): LogLine[] {
    const part = this.#parts.shift();
    if (part === undefined) return [];
    this.#count(-part.characters);
    const { lines, leftOut } = part;
    return leftOut === 0 ? lines : [{ at: lines[0]!.at, text: linesLeftOut(leftOut) }, ...lines];
  }

  /** Drops all lines. */
  clear(): void {
    this.#parts = [];
    this.#count(-this.#characters);
  }

  #append(line: LogLine): void {
    const cost = costOf(line);
    let part = this.#parts.at(-1);
    if (
      part === undefined || part.lines.length >= PART_LINES || part.characters + cost > PART_CHARACTERS
    ) {
      this.#parts.push(part = { lines: [], characters: 0, leftOut: 0 });
    }
    part.lines.push(line);
    part.characters += cost;
    this.#count(cost);
  }

  #drop(): void {
    while (this.#parts.length > 1 && this.#isOver) {
      const { lines, characters, leftOut } = this.#parts.shift()!;
      this.#parts[0]!.leftOut += leftOut + lines.length;
      this.#count(-characters);
    }
    const [part] = this.#parts;
    if (part === undefined || part.lines.length === 1 || !this.#isOver) return;
    const dropped = part.lines.splice(0, part.lines.length - 1);
    const kept = costOf(part.lines[0]!);
    this.#count(kept - part.characters);
    part.characters = kept;
    part.leftOut += dropped.length;
  }

  get #isOver(): boolean {
    const { taskCharacters, allCharacters: most } = this.#limits;
    return this.#characters > taskCharacters || allCharacters > most;
  }

  #count(characters: number): void {
    this.#characters += characters;
    allCharacters += characters;
  }
}

function costOf({ text }: LogLine): number {
  return text.length + LINE_CHARACTERS;
}
