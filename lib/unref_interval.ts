/**
 * A repeating timer that is unref'd.
 *
 * @module
 */

/** Calls a function at regular intervals. The timer is unref'd. */
export class UnrefInterval {
  readonly #work: () => void;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param work the function to call; must not throw
   * @param intervalMs the interval, in milliseconds
   */
  constructor(work: () => void, intervalMs: number) {
    this.#work = work;
    this.#intervalMs = intervalMs;
  }

  /** Starts the timer, unless it is already running. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(this.#work, this.#intervalMs);
    if (typeof Deno !== "undefined") Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Stops the timer, until it is started again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
