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
  /** Called with bytes that were read, even if they cannot be written yet, or at all. Must not throw. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Called if writing to the output fails, except if its reader has closed it (EPIPE). */
  readonly onFailure: (error: unknown) => void;
}

/** The delay before writing to a busy terminal again, in milliseconds. */
const RETRY_MS = 5;
/** The time between two checks whether the pipe is silent, in milliseconds. */
const CHECK_MS = 100;
/**
 * The memory in bytes that may wait to be written after the command's exit. A pipe of Linux holds at most 1 MiB (by
 * default; see pipe(7)), so this is enough for everything that the command wrote before its exit.
 */
const MAX_AHEAD_BYTES = 2 * 1024 * 1024;

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
  /** Resolves once the whole pipe has been read. */
  readonly #ended: Promise<void>;
  /** The bytes that wait to be written; the first are being written. */
  readonly #waiting: Uint8Array[] = [];
  /** The memory of `#waiting`, in bytes: the bytes of a short read may be a small part of a large buffer. */
  #waitingBytes = 0;
  /** The pipe is read only if no more than this waits to be written. */
  #maxWaitingBytes = 0;
  /** Resolves once all waiting bytes have been written, or a write has failed. */
  #written: Promise<void> = Promise.resolve();
  /** Makes the reader check again whether it may read. */
  #checkRoom: () => void = () => {};
  /** Whether the reader waits for bytes. */
  #isReading = false;
  #reads = 0;
  #hasFailed = false;

  /**
   * @param pipe the command's output
   * @param output the output to copy it to
   * @param events the callbacks
   */
  constructor(pipe: ReadableStream<Uint8Array>, output: Output, events: OutputPipeEvents) {
    this.#pipe = pipe.getReader();
    this.#output = output;
    this.#events = events;
    this.#ended = this.#readAll();
    this.done = this.#ended.then(() => this.#written);
  }

  /**
   * Waits until the pipe is closed, or everything was copied and no process has written for a given time.
   *
   * @param ms the time in milliseconds, rounded up to a multiple of 100
   */
  async silent(ms: number): Promise<void> {
    await this.#quiet(ms, this.done, () => this.#isReading && this.#waiting.length === 0);
  }

  /**
   * Waits until everything that the command wrote has been read: until the pipe is closed, or no process has written
   * for a given time. From this call on, the pipe is also read while writing is blocked, up to 2 MiB ahead, so that
   * the wait does not depend on the reader of the output.
   *
   * @param ms the time in milliseconds, rounded up to a multiple of 100
   */
  async drained(ms: number): Promise<void> {
    this.#maxWaitingBytes = MAX_AHEAD_BYTES;
    this.#checkRoom();
    await this.#quiet(ms, this.#ended, () => this.#isReading);
  }

  /** Closes the pipe, even if other processes keep it open. */
  close(): void {
    this.#pipe.cancel().catch(() => {});
  }

  /** Waits until a promise resolves, or `isIdle` was true and nothing was read for a given time. */
  async #quiet(ms: number, end: Promise<void>, isIdle: () => boolean): Promise<void> {
    let checksLeft = Math.ceil(ms / CHECK_MS);
    let reads = this.#reads;
    // Several checks are made instead of one after the whole time, because on a busy machine, bytes that were written
    // before may not have been read by then.
    const silence = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      const isSilent = isIdle() && this.#reads === reads;
      reads = this.#reads;
      checksLeft = isSilent ? checksLeft - 1 : Math.ceil(ms / CHECK_MS);
      if (checksLeft === 0) silence.resolve();
    }, CHECK_MS);
    await Promise.race([end, silence.promise]);
    clearInterval(timer);
  }

  async #readAll(): Promise<void> {
    try {
      while (true) {
        this.#isReading = true;
        const { value } = await this.#pipe.read();
        this.#isReading = false;
        this.#reads++;
        if (value === undefined) return;
        if (!this.#hasFailed) this.#add(value);
        this.#events.onBytes(value);
        await this.#room();
      }
    } catch (error) {
      this.#events.onFailure(error);
    }
  }

  /** Waits until so little waits to be written that the pipe may be read. */
  async #room(): Promise<void> {
    while (this.#waitingBytes > this.#maxWaitingBytes) {
      await new Promise<void>((resolve) => this.#checkRoom = resolve);
    }
  }

  #add(bytes: Uint8Array): void {
    this.#waitingBytes += bytes.buffer.byteLength;
    if (this.#waiting.push(bytes) === 1) this.#written = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting[0] !== undefined) {
        await this.#write(this.#waiting[0]);
        this.#waitingBytes -= this.#waiting.shift()!.buffer.byteLength;
        this.#checkRoom();
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) this.#events.onFailure(error);
      this.#hasFailed = true;
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      this.close();
      this.#checkRoom();
    }
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
