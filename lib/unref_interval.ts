/**
 * Work that is done again and again, but is no reason for the process to live on.
 *
 * @module
 */

/** Calls a function at intervals while it is started. */
export class UnrefInterval {
  readonly #work: () => void;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param work what to do; must not throw
   * @param intervalMs how often, in milliseconds
   */
  constructor(work: () => void, intervalMs: number) {
    this.#work = work;
    this.#intervalMs = intervalMs;
  }

  /** Begins, unless it has begun. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(this.#work, this.#intervalMs);
    if (typeof Deno !== "undefined") Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Ends, until it is started again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
