/**
 * Sends log lines in batches; lines from standard input are sent as they arrive.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { LineSplitter } from "../../reading/line_splitter.ts";
import type { OutputLine } from "../../reading/screen.ts";
import { LIMITS } from "../../task/grammar.ts";
import { truncate } from "../../task/truncate.ts";
import { withTimeout } from "../../timeout.ts";
import { EXIT } from "../exit_status.ts";

/** The maximum number of lines of a batch. */
const BATCH_LINES = 1_000;
/** The maximum size of a batch in characters, so that its JSON stays below the limit of a request's body. */
const BATCH_CHARACTERS = 128 * 1024;
/** How long the first line of a batch waits for further lines, in milliseconds. */
const GATHER_MS = 100;
/** The size in bytes from which on a batch does not wait for further lines. */
const GATHER_BYTES = 128 * 1024;

/** Sends a batch of lines, and resolves with the exit status. */
export type SendBatch = (lines: readonly string[]) => Promise<number>;

/** Divides lines into batches, and truncates long ones. */
export function* batchesOf(lines: Iterable<string>): Generator<readonly string[]> {
  let batch: string[] = [];
  let characters = 0;
  for (const each of lines) {
    const line = truncate(each, LIMITS.logLineLength);
    if (batch.length === BATCH_LINES || (batch.length > 0 && characters + line.length > BATCH_CHARACTERS)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(line);
    characters += line.length;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Sends the lines of an input as they arrive. The input is not read while a batch is sent, so little of the input is
 * in memory, and a program that writes faster has to wait.
 *
 * @param input the bytes of the lines
 * @param send sends a batch
 * @returns the exit status of the last batch that failed; 0 if none failed
 */
export async function sendLines(input: ReadableStream<Uint8Array>, send: SendBatch): Promise<number> {
  let status: number = EXIT.ok;
  const splitter = new LineSplitter();
  const sendAll = async (lines: readonly OutputLine[]) => {
    const texts = lines.filter(({ isRedraw }) => !isRedraw).map(({ text, styled = text }) => styled);
    for (const batch of batchesOf(texts)) status = await send(batch) || status;
  };
  for await (const chunks of gathered(input)) {
    await sendAll(chunks.flatMap((bytes) => splitter.push(bytes)));
  }
  await sendAll(splitter.end());
  return status;
}

/** Yields the chunks of an input; chunks that arrive within {@linkcode GATHER_MS} are yielded together. */
async function* gathered(input: ReadableStream<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  const reader = input.getReader();
  let reading = reader.read();
  while (true) {
    const first = await reading;
    if (first.done) return;
    const chunks = [first.value];
    let size = first.value.length;
    const deadlineMs = monotonicMs() + GATHER_MS;
    reading = reader.read();
    while (size < GATHER_BYTES) {
      const next = await withTimeout(reading, Math.max(0, deadlineMs - monotonicMs()));
      if (next === undefined || next.done) break;
      chunks.push(next.value);
      size += next.value.length;
      reading = reader.read();
    }
    yield chunks;
  }
}
