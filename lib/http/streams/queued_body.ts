/**
 * A response body that is written incrementally, through a queue whose size is known.
 *
 * @module
 */

/**
 * Queues bytes until the server pulls them, which it does as fast as the peer reads. The internal queue of a
 * `ReadableStream` is not used, because it cannot be discarded, and versions of Deno pull different amounts ahead.
 */
export class QueuedBody {
  /** The body of the response. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #onDone: () => void;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #writtenBytes = 0;
  #queuedBytes = 0;
  #hasEnded = false;
  #isDone = false;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** Completes a pending pull that found the queue empty; `null` if there is none. */
  #resume: (() => void) | null = null;

  /** @param onDone called once, when the body has ended and all of it was pulled, or the peer has disconnected */
  constructor(onDone: () => void) {
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

  /** Queues bytes, which must not change afterwards. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#hasEnded) return;
    this.#queue.push(bytes);
    this.#writtenBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    this.#resumePull();
  }

  /** Ends the body after the queued bytes. */
  end(): void {
    this.#hasEnded = true;
    this.#resumePull();
  }

  /** Ends the body immediately, and discards the queued bytes. */
  discard(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
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
    const next = this.#queue.shift();
    if (next !== undefined) {
      this.#queuedBytes -= next.length;
      this.#controller.enqueue(next);
    } else if (!this.#isDone) {
      this.#controller.close();
      this.#done();
    }
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#hasEnded = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#resume = null;
    this.#onDone();
  }
}
