/**
 * Copies a command's output to our own, and lets the task read it.
 *
 * @module
 */

/** An output of this process. */
export interface Output {
  /** Writes some of the bytes; resolves with their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Whether it is a terminal. */
  isTerminal(): boolean;
}

/** Callbacks of an {@linkcode OutputPipe}. */
export interface OutputPipeEvents {
  /** Bytes were copied. Must not throw. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The output cannot be written, for another reason than a reader that is gone (EPIPE). */
  readonly onFailure: (error: unknown) => void;
}

/** Delay before a busy terminal is written to again, in milliseconds. */
const RETRY_MS = 5;
/** After the command has exited, its pipe is closed once it was idle in this many checks. */
const IDLE_CHECKS = 5;
/** Time between two such checks, in milliseconds. */
const CHECK_MS = 100;

/**
 * Copies a pipe to an output unchanged, with backpressure. If the output's reader is gone, the pipe is closed, so that the
 * command gets SIGPIPE as if it had written to the output directly.
 */
export class OutputPipe {
  /** Resolves once everything is copied. Never rejects. */
  readonly done: Promise<void>;
  readonly #pipe: ReadableStreamDefaultReader<Uint8Array>;
  readonly #output: Output;
  readonly #events: OutputPipeEvents;
  #isIdle = false;
  #isDone = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param pipe the command's output
   * @param output where to copy it
   * @param events the callbacks
   */
  constructor(pipe: ReadableStream<Uint8Array>, output: Output, events: OutputPipeEvents) {
    this.#pipe = pipe.getReader();
    this.#output = output;
    this.#events = events;
    this.done = this.#run();
  }

  /**
   * Finishes after the command has exited: copies the rest of its output, and closes the pipe if other processes keep it
   * open but write nothing.
   */
  finish(): void {
    if (this.#isDone) return;
    let checksLeft = IDLE_CHECKS;
    // Several checks instead of one timeout: on a busy machine, reading the rest of the pipe may take longer than that.
    this.#timer ??= setInterval(() => {
      if (this.#isIdle && --checksLeft === 0) this.#close();
    }, CHECK_MS);
  }

  async #run(): Promise<void> {
    try {
      while (true) {
        this.#isIdle = true;
        const { value } = await this.#pipe.read();
        this.#isIdle = false;
        if (value === undefined) break;
        await this.#write(value);
        this.#events.onBytes(value);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) this.#events.onFailure(error);
    }
    this.#close();
    this.#isDone = true;
    clearInterval(this.#timer);
  }

  /** Closes the pipe, which also ends a pending read. */
  #close(): void {
    this.#pipe.cancel().catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await this.#output.write(rest));
      } catch (error) {
        // A program that shares the terminal may have made it non-blocking (EAGAIN). How much was written is unknown, so
        // a retry may repeat some bytes: acceptable on a terminal, but corruption in a file or a pipe.
        if (!(error instanceof Deno.errors.WouldBlock) || !this.#output.isTerminal()) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
