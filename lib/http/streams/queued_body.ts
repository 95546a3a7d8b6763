/**
 * A response body that is written incrementally, through a queue whose size is known.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { LongText } from "../../hub/long_text.ts";
import type { ByteBudget } from "../byte_budget.ts";
import { nextTurn, PacedText, pieceSizeAt } from "../paced_text.ts";

/**
 * The minimum size of a chunk, in bytes, to be counted against the limit of all connections. Counting smaller
 * chunks would cost more than it is worth, and the limit of each queue bounds them anyway.
 */
const SMALL_BYTES = 1_024;

/** An item of the queue: bytes, or a long text, which is encoded when it is sent. */
type Chunk = Uint8Array<ArrayBuffer> | LongText;

/**
 * Queues bytes until the server pulls them, which it does as fast as the peer reads. The internal queue of a
 * `ReadableStream` is not used, because it cannot be discarded, and versions of Deno pull different amounts ahead.
 */
export class QueuedBody {
  /** The body of the response. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #unsent: ByteBudget;
  readonly #onDone: () => void;
  readonly #share: string | null;
  #queue: Chunk[] = [];
  /** The length of the part of the first chunk in the queue that was pulled, in bytes or characters. */
  #offset = 0;
  /**
   * The reader of the first chunk in the queue if that chunk is a text and was pulled in part; otherwise
   * `null`.
   */
  #reader: PacedText | null = null;
  #pulledAtMs = monotonicMs();
  #writtenBytes = 0;
  #queuedBytes = 0;
  /** The number of bytes pulled since the last wait for another turn of the event loop. */
  #burstBytes = 0;
  #hasEnded = false;
  #isDone = false;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** Completes a pending pull that found the queue empty; `null` if there is none. */
  #resume: (() => void) | null = null;

  /**
   * @param unsent the limit on the bytes that wait to be sent, over all connections
   * @param onDone called once, when the body has ended and all bytes were pulled, or when the peer has
   * disconnected
   * @param share whose share of the limit `unsent` the queue uses; `null` for a peer that may use the whole
   * limit
   */
  constructor(unsent: ByteBudget, onDone: () => void, share: string | null = null) {
    this.#unsent = unsent;
    this.#onDone = onDone;
    this.#share = share;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#done(),
    }, { highWaterMark: 0 });
  }

  /** The number of bytes written; each character of a long text counts as one byte. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The number of written bytes that the server has not pulled yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * How long the server has pulled nothing although bytes are queued, in milliseconds; 0 if the queue is
   * empty.
   */
  get stalledMs(): number {
    return this.#queuedBytes === 0 ? 0 : monotonicMs() - this.#pulledAtMs;
  }

  /**
   * Queues bytes or a long text. The bytes must not be changed afterwards.
   *
   * @param chunk the bytes or the text; ignored if the body has ended
   * @returns `false` if the chunk was not queued, because too much data waits to be sent over all connections
   */
  write(chunk: Chunk): boolean {
    if (this.#hasEnded) return true;
    if (isCounted(chunk) && !this.#unsent.hold(chunk, this.#share)) return false;
    if (this.#queue.length === 0) this.#pulledAtMs = monotonicMs();
    this.#queue.push(chunk);
    this.#writtenBytes += chunk.length;
    this.#queuedBytes += chunk.length;
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
   * Enqueues the next piece. The stream calls this when the server is ready for more bytes, but not again
   * before a piece was enqueued.
   */
  #pull(): void | Promise<void> {
    if (this.#queue.length === 0 && !this.#hasEnded) {
      return new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
    if (this.#burstBytes < pieceSizeAt(this.#writtenBytes - this.#queuedBytes)) return this.#enqueueNext();
    this.#burstBytes = 0;
    return nextTurn().then(() => this.#pull());
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
      const piece = this.#pieceOf(next);
      this.#pulledAtMs = monotonicMs();
      if (this.#offset === next.length) {
        this.#queue.shift();
        this.#offset = 0;
        this.#reader = null;
        if (isCounted(next)) this.#unsent.drop(next);
      }
      this.#controller.enqueue(piece);
    } else if (!this.#isDone) {
      this.#controller.close();
      this.#done();
    }
  }

  /** Returns the next piece of the first chunk in the queue, and marks the piece as pulled. */
  #pieceOf(chunk: Chunk): Uint8Array<ArrayBuffer> {
    const before = this.#offset;
    let piece: Uint8Array<ArrayBuffer>;
    if (chunk instanceof LongText) {
      this.#reader ??= new PacedText(chunk);
      piece = this.#reader.next();
      this.#offset = this.#reader.position;
    } else {
      const size = pieceSizeAt(before);
      piece = chunk.length <= size ? chunk : chunk.subarray(before, before + size);
      this.#offset += piece.length;
    }
    this.#queuedBytes -= this.#offset - before;
    this.#burstBytes += piece.length;
    return piece;
  }

  #clear(): void {
    for (const chunk of this.#queue) if (isCounted(chunk)) this.#unsent.drop(chunk);
    this.#queue = [];
    this.#offset = 0;
    this.#reader = null;
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

function isCounted(chunk: Chunk): boolean {
  return chunk.length >= SMALL_BYTES;
}
