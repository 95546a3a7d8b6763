/**
 * The body of an answer that is written bit by bit.
 *
 * @module
 */

/**
 * Keeps what was written until the server takes it, which it does as fast as the peer reads, and knows how many bytes
 * those are. The queue of a `ReadableStream` would count differently on each version of Deno, and can't be dropped.
 */
export class QueuedBody {
  /** What the answer is made with. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #onDone: () => void;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #writtenBytes = 0;
  #queuedBytes = 0;
  #hasEnded = false;
  #isDone = false;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** Goes on with what was asked for while there was nothing. */
  #resume: (() => void) | null = null;

  /** @param onDone called once, when nothing will be taken any more: everything was, or the peer has gone */
  constructor(onDone: () => void) {
    this.#onDone = onDone;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#give(),
      cancel: () => this.#done(),
    }, { highWaterMark: 0 });
  }

  /** How many bytes were written. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** How many of them were not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Writes. The bytes must not change afterwards. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#hasEnded) return;
    this.#queue.push(bytes);
    this.#writtenBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    this.#goOn();
  }

  /** Ends the body behind what was written. */
  end(): void {
    this.#hasEnded = true;
    this.#goOn();
  }

  /** Ends the body behind what was taken, and drops the rest. */
  cut(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.end();
  }

  /** Called by the stream whenever the server would take more; not again before it has got something. */
  #give(): void | Promise<void> {
    if (this.#queue.length === 0 && !this.#hasEnded) {
      return new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
    this.#giveNext();
  }

  #goOn(): void {
    const resume = this.#resume;
    if (resume === null) return;
    this.#resume = null;
    this.#giveNext();
    resume();
  }

  #giveNext(): void {
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
