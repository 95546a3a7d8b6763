/**
 * Reads a command's output in slices, so that copying it never waits for reading.
 *
 * @module
 */

import type { OutputName } from "./output_pipe.ts";

/** Callbacks of an {@linkcode OutputBacklog}. */
export interface OutputBacklogEvents {
  /** Reads bytes of an output. */
  readonly onBytes: (output: OutputName, bytes: Uint8Array) => void;
  /** This many bytes of an output are skipped, because it arrives faster than it can be read. */
  readonly onSkip: (output: OutputName, byteCount: number) => void;
}

/** A part of the output. */
interface Chunk {
  readonly output: OutputName;
  readonly bytes: Uint8Array;
}

/** Bytes that may wait. With more, all but the newest are skipped: progress is in what came last. */
const MAX_WAITING_BYTES = 512 * 1_024;
/** Bytes of each output that are kept then. */
const KEPT_BYTES = 64 * 1_024;
/** Bytes that are read at once, which takes a few milliseconds. */
const SLICE_BYTES = 8 * 1_024;
/** After a slice, output is only copied for this many times as long as reading the slice took. */
const COPYING_SHARE = 5;

/** Holds output until there is time to read it. Copying gets most of the time. */
export class OutputBacklog {
  readonly #events: OutputBacklogEvents;
  #chunks: Chunk[] = [];
  #waitingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param events the callbacks */
  constructor(events: OutputBacklogEvents) {
    this.#events = events;
  }

  /** Takes output, and reads it at once if nothing waits and it is short. */
  push(output: OutputName, bytes: Uint8Array): void {
    if (this.#timer === undefined && bytes.length <= SLICE_BYTES) this.#events.onBytes(output, bytes);
    else {
      this.#chunks.push({ output, bytes });
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > MAX_WAITING_BYTES) this.#skip();
    }
    // What follows at once waits for its turn.
    this.#timer ??= setTimeout(() => this.#next(), 0);
  }

  /** Reads everything that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { output, bytes } of this.#chunks) this.#events.onBytes(output, bytes);
    this.#chunks = [];
    this.#waitingBytes = 0;
  }

  #next(): void {
    const startedMs = performance.now();
    const [chunk] = this.#chunks;
    this.#timer = undefined;
    if (chunk === undefined) return;
    const { output, bytes } = chunk;
    const slice = bytes.subarray(0, SLICE_BYTES);
    if (slice.length === bytes.length) this.#chunks.shift();
    else this.#chunks[0] = { output, bytes: bytes.subarray(SLICE_BYTES) };
    this.#waitingBytes -= slice.length;
    this.#events.onBytes(output, slice);
    this.#timer = setTimeout(() => this.#next(), (performance.now() - startedMs) * COPYING_SHARE);
  }

  /** Skips all but the newest bytes of each output. */
  #skip(): void {
    const kept: Chunk[] = [];
    for (const output of ["stdout", "stderr"] as const) {
      const chunks = this.#chunks.filter((chunk) => chunk.output === output);
      const total = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
      let over = Math.max(0, total - KEPT_BYTES);
      if (over > 0) this.#events.onSkip(output, over);
      for (const { bytes } of chunks) {
        const cut = Math.min(over, bytes.length);
        over -= cut;
        if (cut < bytes.length) kept.push({ output, bytes: bytes.subarray(cut) });
      }
    }
    this.#chunks = kept;
    this.#waitingBytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}
