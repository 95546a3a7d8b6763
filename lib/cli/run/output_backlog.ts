/**
 * Reads a command's output in slices, so that copying it never waits for reading.
 *
 * @module
 */

import type { OutputName } from "./output_pipe.ts";

/** Callbacks of an {@linkcode OutputBacklog}. */
export interface OutputBacklogEvents {
  /** Takes bytes of an output for the log, and if `isRead`, also for the progress that they tell of. */
  readonly onBytes: (output: OutputName, bytes: Uint8Array, isRead: boolean) => void;
  /** This many bytes of an output, up to the end of a line, are skipped, because too much of it waits. */
  readonly onSkip: (output: OutputName, byteCount: number) => void;
}

/** A part of the output. */
interface Chunk {
  readonly output: OutputName;
  readonly bytes: Uint8Array;
}

/** Bytes that may wait. With more, the oldest are skipped until half of this is left. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** What a waiting chunk costs besides its bytes. */
const CHUNK_BYTES = 256;
/** Bytes from which on only samples are read for progress, which takes ten times as long as logging. */
const BEHIND_BYTES = 512 * 1024;
/** Bytes at the end of an output that are read in any case: progress is in what came last. */
const READ_AT_END_BYTES = 64 * 1024;
/** The size of a slice that is logged and read for progress, and of one that is only logged; each takes a few milliseconds. */
const SLICE_BYTES = { read: 8 * 1024, logged: 32 * 1024 };
/** While reading is behind, one of this many slices is read. */
const SAMPLED_SLICES = 8;
/** After a slice, output is only copied for this many times as long as the slice took. */
const COPYING_SHARE = 5;

const NEWLINE = 0x0a;

/** Holds output until there is time to read it. Copying gets most of the time. */
export class OutputBacklog {
  readonly #events: OutputBacklogEvents;
  readonly #chunks: Chunk[] = [];
  /** The bytes of all chunks, and their other costs. */
  #waitingBytes = 0;
  #slices = 0;
  /** The bytes of each output that were skipped before its oldest chunk. */
  readonly #skippedBytes: Map<OutputName, number> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param events the callbacks */
  constructor(events: OutputBacklogEvents) {
    this.#events = events;
  }

  /** Takes output, and reads it at once if nothing waits and it is short. */
  push(output: OutputName, bytes: Uint8Array): void {
    if (this.#timer === undefined && bytes.length <= SLICE_BYTES.read) {
      this.#events.onBytes(output, bytes, true);
    } else {
      // What a short read returns may be a small part of a large buffer.
      const isSparse = bytes.length * 2 < bytes.buffer.byteLength;
      this.#chunks.push({ output, bytes: isSparse ? bytes.slice() : bytes });
      this.#waitingBytes += bytes.length + CHUNK_BYTES;
      if (this.#waitingBytes > MAX_WAITING_BYTES) this.#skip();
    }
    // What follows at once waits for its turn.
    this.#timer ??= setTimeout(() => this.#next(), 0);
  }

  /** Reads everything that waits; if that is much, only the end of it for progress. */
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

  /** Passes on the oldest bytes, up to a number of them. */
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
