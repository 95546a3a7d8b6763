/**
 * Runs jobs in parallel, at most so many at once.
 *
 * @module
 */

/** A job; it is told the number of the lane that it runs in, from 0. */
export type Job = (lane: number) => Promise<void>;

/** A queue of jobs and the lanes that work it off in order. */
export class Lanes {
  readonly #queue: Job[] = [];
  readonly #count: number;
  readonly #abort = new AbortController();

  /** @param count how many jobs run at once */
  constructor(count: number) {
    this.#count = count;
  }

  /** Aborted by {@linkcode Lanes.abort}. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isAborted(): boolean {
    return this.signal.aborted;
  }

  /** Adds a job to the end of the queue. */
  add(job: Job): void {
    this.#queue.push(job);
  }

  /** Drops the jobs that have not started, and aborts the signal for those that run. */
  abort(): void {
    this.#queue.length = 0;
    this.#abort.abort();
  }

  /** Runs all jobs; resolves when the last one has ended. */
  async drained(): Promise<void> {
    await Promise.all(Array.from({ length: this.#count }, (_, lane) => this.#work(lane)));
  }

  async #work(lane: number): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) await job(lane);
  }
}
