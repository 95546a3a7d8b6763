/**
 * A response body that is written incrementally, through a queue whose size is known.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import type { UnsentChunks } from "./unsent_chunks.ts";

/** How many bytes are sent at once: what the server has pulled is in its own buffers, which nothing bounds. */
const PIECE_BYTES = 65_536;

/**
 * Queues bytes until the server pulls them, which it does as fast as the peer reads. The internal queue of a
 * `ReadableStream` is not used, because it cannot be discarded, and versions of Deno pull different amounts ahead.
 */
export class QueuedBody {
  /** The body of the response. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #chunks: UnsentChunks;
  readonly #onDone: () => void;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  /** How much of the first chunk of the queue was pulled. */
  #offset = 0;
  #pulledAtMs = monotonicMs();
  #writtenBytes = 0;
  #queuedBytes = 0;
  #hasEnded = false;
  #isDone = false;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** Completes a pending pull that found the queue empty; `null` if there is none. */
  #resume: (() => void) | null = null;

  /**
   * @param chunks counts what is queued
   * @param onDone called once, when the body has ended and all of it was pulled, or the peer has disconnected
   */
  constructor(chunks: UnsentChunks, onDone: () => void) {
    this.#chunks = chunks;
    this.#onDone = onDone;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#done(),
    }, { highWaterMark: 0 });
  }

  /** The number of bytes written. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The number of written bytes that the server has not pulled yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** How long bytes have waited for the server to pull any, in milliseconds; 0 if none wait. */
  get stalledMs(): number {
    return this.#queuedBytes === 0 ? 0 : monotonicMs() - this.#pulledAtMs;
  }

  /**
   * Queues bytes, which must not change afterwards.
   *
   * @param bytes the bytes; they are ignored if the body has ended
   * @returns `false` if they were not queued, because too much waits to be sent over all connections
   */
  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#hasEnded) return true;
    if (!this.#chunks.hold(bytes)) return false;
    if (this.#queue.length === 0) this.#pulledAtMs = monotonicMs();
    this.#queue.push(bytes);
    this.#writtenBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    this.#resumePull();
    return true;
  }

  /** Ends the body after the queued bytes. */
  end(): void {
    this.#hasEnded = true;
    this.#resumePull();
  }

  /** Ends the body immediately, and discards the queued bytes. */
  discard(): void {
    this.#clear();
    this.end();
  }

  /**
   * Called by the stream when the server is ready for more bytes, but not again before a chunk was enqueued.
   */
  #pull(): void | Promise<void> {
    if (this.#queue.length === 0 && !this.#hasEnded) {
      return new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
    this.#enqueueNext();
  }

  #resumePull(): void {
    const resume = this.#resume;
    if (resume === null) return;
    this.#resume = null;
    this.#enqueueNext();
    resume();
  }

  #enqueueNext(): void {
    const next = this.#queue[0];
    if (next !== undefined) {
      const piece = next.length <= PIECE_BYTES
        ? next
        : next.subarray(this.#offset, this.#offset + PIECE_BYTES);
      this.#offset += piece.length;
      this.#queuedBytes -= piece.length;
      this.#pulledAtMs = monotonicMs();
      if (this.#offset === next.length) {
        this.#queue.shift();
        this.#offset = 0;
        this.#chunks.release(next);
      }
      this.#controller.enqueue(piece);
    } else if (!this.#isDone) {
      this.#controller.close();
      this.#done();
    }
  }

  #clear(): void {
    for (const chunk of this.#queue) this.#chunks.release(chunk);
    this.#queue = [];
    this.#offset = 0;
    this.#queuedBytes = 0;
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#hasEnded = true;
    this.#clear();
    this.#resume = null;
    this.#onDone();
  }
}
