/**
 * Copies a command's output to the output of this process, and passes it to the task.
 *
 * @module
 */

/** An output stream of a command. */
export type OutputName = "stdout" | "stderr";

/** An output of this process. */
export interface Output {
  /** Writes some of the bytes; resolves with the number of bytes written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Returns whether the output is a terminal. */
  isTerminal(): boolean;
}

/** Callbacks of an {@linkcode OutputPipe}. */
export interface OutputPipeEvents {
  /** Called with bytes that were copied. Must not throw. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Called if writing to the output fails, except if its reader has closed it (EPIPE). */
  readonly onFailure: (error: unknown) => void;
}

/** The delay before writing to a busy terminal again, in milliseconds. */
const RETRY_MS = 5;
/** The time between two checks whether the pipe is silent, in milliseconds. */
const CHECK_MS = 100;

/**
 * Copies a pipe to an output unchanged, with backpressure. If the output's reader has closed it, the pipe is
 * closed too, so that the command gets SIGPIPE as if it had written to the output directly.
 */
export class OutputPipe {
  /** Resolves once the whole pipe has been copied. Never rejects. */
  readonly done: Promise<void>;
  readonly #pipe: ReadableStreamDefaultReader<Uint8Array>;
  readonly #output: Output;
  readonly #events: OutputPipeEvents;
  /** Whether all bytes that were read have been copied. */
  #isIdle = false;
  #reads = 0;

  /**
   * @param pipe the command's output
   * @param output the output to copy it to
   * @param events the callbacks
   */
  constructor(pipe: ReadableStream<Uint8Array>, output: Output, events: OutputPipeEvents) {
    this.#pipe = pipe.getReader();
    this.#output = output;
    this.#events = events;
    this.done = this.#run();
  }

  /**
   * Waits until the pipe is closed, or no process has written to it for a given time.
   *
   * @param ms the time in milliseconds, rounded up to a multiple of 100
   */
  async silent(ms: number): Promise<void> {
    let checksLeft = Math.ceil(ms / CHECK_MS);
    let reads = this.#reads;
    // Several checks are made instead of one after the whole time, because on a busy machine, bytes that were written
    // before may not have been read by then.
    const silence = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      const isSilent = this.#isIdle && this.#reads === reads;
      reads = this.#reads;
      checksLeft = isSilent ? checksLeft - 1 : Math.ceil(ms / CHECK_MS);
      if (checksLeft === 0) silence.resolve();
    }, CHECK_MS);
    await Promise.race([this.done, silence.promise]);
    clearInterval(timer);
  }

  /** Closes the pipe, even if other processes keep it open. */
  close(): void {
    this.#pipe.cancel().catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      while (true) {
        this.#isIdle = true;
        const { value } = await this.#pipe.read();
        this.#isIdle = false;
        this.#reads++;
        if (value === undefined) break;
        await this.#write(value);
        this.#events.onBytes(value);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) this.#events.onFailure(error);
    }
    this.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await this.#output.write(rest));
      } catch (error) {
        // A program that shares the terminal may have made it non-blocking (EAGAIN). It is unknown how many bytes
        // were written, so a retry may repeat some of them. That is acceptable on a terminal, but it would corrupt a
        // file or a pipe.
        if (!(error instanceof Deno.errors.WouldBlock) || !this.#output.isTerminal()) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
