/**
 * Limits how many runs of a demo task work at the same time.
 *
 * @module
 */

/** A fixed number of places; a run that finds none free waits for its turn. */
export class Places {
  #free: number;
  /** The runs that wait, in the order of their arrival. */
  readonly #waiting: Set<() => void> = new Set();

  /** @param count the number of places */
  constructor(count: number) {
    this.#free = count;
  }

  /** Whether no place is free, so that the next run would have to wait. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  /**
   * Does work as soon as a place is free, and occupies the place until the work has ended.
   *
   * @typeParam Result the result of the work
   * @param signal the signal that ends the wait when it is aborted
   * @param work the work to do
   * @returns the result of the work
   * @throws the signal's reason if it is aborted before the work begins, else what the work throws
   */
  async use<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      // If the run already has a place, it is not in the set any more, and handles the signal itself.
      if (this.#waiting.delete(resolve)) reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Passes a place to the run that has waited longest. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
