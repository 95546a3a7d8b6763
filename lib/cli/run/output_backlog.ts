/**
 * Reads a command's output in slices, so that copying it never waits for reading.
 *
 * @module
 */

import type { OutputName } from "./output_pipe.ts";

/** Callbacks of an {@linkcode OutputBacklog}. */
export interface OutputBacklogEvents {
  /** Called with bytes of an output to log, and, if `isRead`, to read progress from. */
  readonly onBytes: (output: OutputName, bytes: Uint8Array, isRead: boolean) => void;
  /** Called when bytes of an output, up to the end of a line, were skipped because too many bytes wait. */
  readonly onSkip: (output: OutputName, byteCount: number) => void;
}

/** A part of the output. */
interface Chunk {
  readonly output: OutputName;
  readonly bytes: Uint8Array;
}

/**
 * The maximum number of bytes that wait to be read; if more wait, the oldest are skipped until half of this is left.
 */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** The memory that a waiting chunk takes besides its content, in bytes. */
const CHUNK_BYTES = 256;
/**
 * If more bytes than this wait, progress is read from samples only, because reading takes ten times as long as
 * logging.
 */
const BEHIND_BYTES = 512 * 1024;
/** The number of bytes at the end of the output that are always read, because they have the latest progress. */
const READ_AT_END_BYTES = 64 * 1024;
/**
 * The sizes in bytes of a slice that is also read for progress, and of a slice that is only logged; each takes a few
 * milliseconds.
 */
const SLICE_BYTES = { read: 8 * 1024, logged: 32 * 1024 };
/** If more than `BEHIND_BYTES` wait, only one of this many slices is read for progress. */
const SAMPLED_SLICES = 8;
/** After each slice, reading pauses for this many times as long as the slice took, so that output can be copied. */
const COPYING_SHARE = 5;

const NEWLINE = 0x0a;

/** Holds output until there is time to read it. Most of the time is left for copying output. */
export class OutputBacklog {
  readonly #events: OutputBacklogEvents;
  readonly #chunks: Chunk[] = [];
  /** The bytes of all chunks, including `CHUNK_BYTES` for each. */
  #waitingBytes = 0;
  #slices = 0;
  /** The number of bytes of each output that were skipped before its oldest chunk. */
  readonly #skippedBytes: Map<OutputName, number> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param events the callbacks */
  constructor(events: OutputBacklogEvents) {
    this.#events = events;
  }

  /** Adds output; if it is short and no output waits, it is read at once. */
  push(output: OutputName, bytes: Uint8Array): void {
    if (this.#timer === undefined && bytes.length <= SLICE_BYTES.read) {
      this.#events.onBytes(output, bytes, true);
    } else {
      // The bytes of a short read may be a small part of a large buffer.
      const isSparse = bytes.length * 2 < bytes.buffer.byteLength;
      this.#chunks.push({ output, bytes: isSparse ? bytes.slice() : bytes });
      this.#waitingBytes += bytes.length + CHUNK_BYTES;
      if (this.#waitingBytes > MAX_WAITING_BYTES) this.#skip();
    }
    // Output that follows at once waits, so that it is read in order.
    this.#timer ??= setTimeout(() => this.#next(), 0);
  }

  /** Logs all waiting output; if there is much of it, reads progress only from its end. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isBehind = this.#waitingBytes > BEHIND_BYTES;
    while (this.#chunks.length > 0) {
      const isRead = !isBehind || this.#waitingBytes <= READ_AT_END_BYTES;
      this.#take(isRead ? SLICE_BYTES.read : SLICE_BYTES.logged, isRead);
    }
    for (const output of this.#skippedBytes.keys()) this.#passGap(output);
  }

  #next(): void {
    const startedMs = performance.now();
    this.#timer = undefined;
    if (this.#chunks.length === 0) return;
    const isRead = this.#waitingBytes <= BEHIND_BYTES || this.#slices++ % SAMPLED_SLICES === 0;
    this.#take(isRead ? SLICE_BYTES.read : SLICE_BYTES.logged, isRead);
    this.#timer = setTimeout(() => this.#next(), (performance.now() - startedMs) * COPYING_SHARE);
  }

  /** Passes on the oldest bytes, at most `byteCount`. */
  #take(byteCount: number, isRead: boolean): void {
    let left = byteCount;
    while (left > 0 && this.#chunks[0] !== undefined) {
      const { output, bytes } = this.#chunks[0];
      const slice = bytes.subarray(0, left);
      this.#cutFirst(0, slice.length);
      left -= slice.length;
      this.#passGap(output);
      this.#events.onBytes(output, slice, isRead);
    }
  }

  #passGap(output: OutputName): void {
    const byteCount = this.#skippedBytes.get(output);
    if (byteCount === undefined) return;
    this.#skippedBytes.delete(output);
    this.#events.onSkip(output, byteCount);
  }

  /** Skips the oldest bytes of each output, up to the end of a line. */
  #skip(): void {
    while (this.#waitingBytes > MAX_WAITING_BYTES / 2) this.#skipFirst(0, this.#chunks[0]!.bytes.length);
    for (const output of this.#skippedBytes.keys()) {
      const index = this.#chunks.findIndex((chunk) => chunk.output === output);
      const end = this.#chunks[index]?.bytes.indexOf(NEWLINE) ?? -1;
      if (end !== -1) this.#skipFirst(index, end + 1);
    }
  }

  #skipFirst(index: number, byteCount: number): void {
    const { output } = this.#chunks[index]!;
    this.#skippedBytes.set(output, (this.#skippedBytes.get(output) ?? 0) + byteCount);
    this.#cutFirst(index, byteCount);
  }

  /** Removes the first bytes of a chunk, or all of it. */
  #cutFirst(index: number, byteCount: number): void {
    const { output, bytes } = this.#chunks[index]!;
    this.#waitingBytes -= byteCount;
    if (byteCount < bytes.length) {
      this.#chunks[index] = { output, bytes: bytes.subarray(byteCount) };
    } else {
      this.#chunks.splice(index, 1);
      this.#waitingBytes -= CHUNK_BYTES;
    }
  }
}
