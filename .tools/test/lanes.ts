/**
 * Runs jobs in parallel, up to a maximum number at the same time.
 *
 * @module
 */

/** A job, which is called with the number of its lane, counted from 0. */
export type Job = (lane: number) => Promise<void>;

/** A queue of jobs, and the lanes that run them in order. */
export class Lanes {
  readonly #queue: Job[] = [];
  readonly #count: number;
  readonly #abort = new AbortController();

  /** @param count the number of lanes, each of which runs one job at a time */
  constructor(count: number) {
    this.#count = count;
  }

  /** The signal that {@linkcode Lanes.abort} aborts. */
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

  /** Drops the jobs that have not started, and aborts the signal, so that running jobs can stop. */
  abort(): void {
    this.#queue.length = 0;
    this.#abort.abort();
  }

  /** Runs all jobs in the queue; resolves when the last one has ended. */
  async drained(): Promise<void> {
    await Promise.all(Array.from({ length: this.#count }, (_, lane) => this.#work(lane)));
  }

  async #work(lane: number): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) await job(lane);
  }
}
