/**
 * Feeds the outputs of a program to a {@linkcode ProgressReader}, and notes what it reads.
 *
 * @module
 */

import { LineSplitter } from "../../lib/reading/line_splitter.ts";
import { ProgressReader } from "../../lib/reading/progress_reader.ts";
import type { Reading } from "../../lib/reading/reading.ts";
import type { OutputLine } from "../../lib/reading/screen.ts";

/** An output of a program. */
export type OutputName = "stdout" | "stderr";

/** Progress in whole percent; `?` if it is indeterminate. */
export type Shown = number | "?";

/** How often the reader looks at the clock, in milliseconds, as in `run`. */
const TICK_MS = 1_000;
/** How long an output has to be silent before an unfinished row is read, in milliseconds, as in `run`. */
const SILENCE_MS = 200;

/** A program that writes to two outputs, on a clock of its own. */
export class Outputs {
  readonly #splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  readonly #reader = new ProgressReader();
  readonly #encoder = new TextEncoder();
  #atMs = 0;
  #wroteMs = 0;
  #isUnfinishedRead = true;
  /** The newest value of each field of all readings. */
  last: Reading = {};
  /** Every progress that was read, in percent, without repetitions; `null` if it is indeterminate. */
  readonly exactProgress: (number | null)[] = [];
  /** Every progress that was read, rounded to whole percent. */
  readonly progress: Shown[] = [];
  /** The completed lines, as the log gets them. */
  readonly lines: string[] = [];

  /** Writes text, and reads the lines that it completes. */
  write(text: string, output: OutputName = "stdout"): this {
    this.#wroteMs = this.#atMs;
    this.#isUnfinishedRead = false;
    return this.#take(this.#splitters[output].push(this.#encoder.encode(text)), output);
  }

  /** Writes lines, one after the other, with a pause after each. */
  writeLines(lines: readonly string[], pauseMs = 250): this {
    for (const line of lines) this.write(`${line}\n`).wait(pauseMs);
    return this;
  }

  /** Lets time pass. */
  wait(ms: number): this {
    return this.waitUntil(this.#atMs + ms);
  }

  /** Lets time pass until a time, in milliseconds since the start. */
  waitUntil(ms: number): this {
    while (this.#atMs < ms) {
      const silentMs = this.#wroteMs + SILENCE_MS;
      const tickMs = (Math.floor(this.#atMs / TICK_MS) + 1) * TICK_MS;
      this.#atMs = Math.min(ms, tickMs, this.#isUnfinishedRead ? Infinity : Math.max(silentMs, this.#atMs));
      if (!this.#isUnfinishedRead && this.#atMs >= silentMs) this.#readUnfinished();
      if (this.#atMs === tickMs) this.#tick();
    }
    return this;
  }

  /** Ends both outputs. */
  end(): this {
    for (const output of ["stdout", "stderr"] as const) this.#take(this.#splitters[output].end(), output);
    return this;
  }

  #readUnfinished(): void {
    this.#isUnfinishedRead = true;
    for (const [line, output] of this.#unfinished()) {
      this.#note(this.#reader.read(line, { output, atMs: this.#atMs }));
    }
  }

  #tick(): void {
    const atMs = this.#atMs;
    for (const [line, output] of this.#unfinished()) {
      this.#note(this.#reader.readGrowing(line, { output, atMs }));
    }
    this.#note(this.#reader.tick(atMs));
  }

  #unfinished(): (readonly [OutputLine, OutputName])[] {
    return (["stdout", "stderr"] as const).flatMap((output) => {
      const { unfinished } = this.#splitters[output];
      return unfinished === undefined ? [] : [[unfinished, output] as const];
    });
  }

  #take(lines: readonly OutputLine[], output: OutputName): this {
    for (const line of lines) {
      if (!line.isRedraw) this.lines.push(line.text);
      this.#note(this.#reader.read(line, { output, atMs: this.#atMs }));
    }
    return this;
  }

  #note(reading: Reading | undefined): void {
    if (reading === undefined) return;
    this.last = { ...this.last, ...reading, ...derived(reading, this.last) };
    const { progress } = this.last;
    if (progress === undefined) return;
    if (progress !== this.exactProgress.at(-1)) this.exactProgress.push(progress);
    const shown = progress === null ? "?" : Math.round(progress);
    if (shown !== this.progress.at(-1)) this.progress.push(shown);
  }
}

/** Derives progress from `current` and `total` if a reading has none, as the record does. */
function derived(reading: Reading, before: Reading): Pick<Reading, "progress"> {
  const { progress, current = before.current, total = before.total } = reading;
  if (progress !== undefined || typeof current !== "number" || typeof total !== "number") return {};
  return { progress: current / total * 100 };
}

/** The progress that is read from lines of output. */
export function progressOf(lines: readonly string[]): readonly Shown[] {
  return new Outputs().writeLines(lines).progress;
}
