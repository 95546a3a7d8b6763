/**
 * Brings what a command writes to where it was meant for.
 *
 * @module
 */

/** An output of this process. */
export interface Output {
  /** Writes some of the bytes, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Whether somebody may sit in front of it. */
  isTerminal(): boolean;
}

/** What a {@linkcode Passage} tells. */
export interface PassageEvents {
  /** Bytes have been brought over. Must not throw. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The output takes nothing any more, and not because nobody reads it. */
  readonly onFailure: (error: unknown) => void;
}

/** How long to wait before a terminal is tried again that takes nothing just now, in milliseconds. */
const RETRY_MS = 5;
/** After the command's end, an output that waits is looked at so often, and so many milliseconds apart. */
const LAST_LOOKS = 5;
const LOOK_MS = 100;

/**
 * Brings the bytes of a pipe to an output, unchanged and no faster than that takes them. Where nobody reads the output any
 * more, the pipe is closed, so that the command is told as if it had written there itself.
 */
export class Passage {
  /** Resolves when there is nothing more to bring. Never rejects. */
  readonly done: Promise<void>;
  readonly #pipe: ReadableStreamDefaultReader<Uint8Array>;
  readonly #output: Output;
  readonly #events: PassageEvents;
  #isWaiting = false;
  #isDone = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param pipe where the command writes to
   * @param output where it is brought
   * @param events told what happens
   */
  constructor(pipe: ReadableStream<Uint8Array>, output: Output, events: PassageEvents) {
    this.#pipe = pipe.getReader();
    this.#output = output;
    this.#events = events;
    this.done = this.#run();
  }

  /**
   * The command has ended. All that it wrote is in the pipe, and brought over; others that hold the pipe open are waited
   * for only so long.
   */
  finish(): void {
    if (this.#isDone) return;
    let looksLeft = LAST_LOOKS;
    // Looks and not a moment: on a busy machine, what is in the pipe may need longer to be read than we want to wait.
    this.#timer ??= setInterval(() => {
      if (this.#isWaiting && --looksLeft === 0) this.#close();
    }, LOOK_MS);
  }

  async #run(): Promise<void> {
    try {
      while (true) {
        this.#isWaiting = true;
        const { value } = await this.#pipe.read();
        this.#isWaiting = false;
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

  /** Ends a read that waits, too. */
  #close(): void {
    this.#pipe.cancel().catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await this.#output.write(rest));
      } catch (error) {
        // A terminal may be shared with a program that set it to refuse instead of wait. How much was taken nobody can say,
        // so some of it may be seen twice; in a file or a pipe that would be wrong.
        if (!(error instanceof Deno.errors.WouldBlock) || !this.#output.isTerminal()) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
