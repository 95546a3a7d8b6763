/**
 * Reads recordings of the output of real programs, made with `record.ts`.
 *
 * @module
 */

import { LineSplitter } from "../../lib/reading/line_splitter.ts";
import { ProgressReader } from "../../lib/reading/progress_reader.ts";
import type { Reading } from "../../lib/reading/reading.ts";
import type { OutputLine } from "../../lib/reading/rows.ts";

const FOLDER = new URL("recordings/", import.meta.url);

/** A piece of output that a program wrote in one go. */
export interface Written {
  /** The time since the program started, in milliseconds. */
  readonly ms: number;
  /** The file descriptor: 1 is stdout, 2 is stderr. */
  readonly stream: 1 | 2;
  readonly text: string;
}

/** What a {@linkcode ProgressReader} reads from a recording. */
export interface Heard {
  /** The progress readings, in order, without consecutive duplicates. */
  readonly readings: readonly Reading[];
  /** The output lines that belong in the log, which redrawn lines do not. */
  readonly lines: readonly string[];
}

/** Reads a recording; its name has no extension. */
export async function readRecording(name: string): Promise<Written[]> {
  const text = await Deno.readTextFile(new URL(`${name}.jsonl`, FOLDER));
  const [, ...lines] = text.trimEnd().split("\n");
  return lines.map((line) => {
    const [ms, stream, text] = JSON.parse(line);
    return { ms, stream, text };
  });
}

/** The names of all recordings. */
export function recordingNames(): string[] {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  return files.map((name) => name.replace(/\.jsonl$/, "")).sort();
}

/**
 * Feeds a recording to a new {@linkcode ProgressReader}.
 *
 * @param written the recorded pieces of output
 * @param cut splits a piece of output into chunks; by default each piece is one chunk
 */
export function hear(
  written: readonly Written[],
  cut: (bytes: Uint8Array) => Uint8Array[] = (bytes) => [bytes],
): Heard {
  const encoder = new TextEncoder();
  const reader = new ProgressReader();
  const splitters = { 1: new LineSplitter(), 2: new LineSplitter() };
  const readings: Reading[] = [];
  const lines: string[] = [];
  const take = (found: readonly OutputLine[]) => {
    for (const line of found) {
      if (!line.isRedraw) lines.push(line.text);
      const reading = reader.read(line);
      if (reading !== undefined && JSON.stringify(reading) !== JSON.stringify(readings.at(-1))) {
        readings.push(reading);
      }
    }
  };
  for (const { stream, text } of written) {
    for (const bytes of cut(encoder.encode(text))) take(splitters[stream].push(bytes));
  }
  for (const splitter of Object.values(splitters)) take(splitter.end());
  return { readings, lines };
}
