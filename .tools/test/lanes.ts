/**
 * Runs jobs in parallel, up to a maximum number at the same time.
 *
 * @module
 */

/** A job, which is called with the number of its lane, counted from 0. */
export type Job = (lane: number) => Promise<void>;

/** Additional lanes, which take a job only while the machine has time for it. */
export interface SpareLanes {
  readonly count: number;
  /** Waits for an interval; resolves with `true` if the machine was idle enough for another job during it. */
  readonly wasIdle: () => Promise<boolean>;
}

const NO_SPARE: SpareLanes = { count: 0, wasIdle: () => Promise.resolve(false) };

/** A queue of jobs, and the lanes that run them in order. */
export class Lanes {
  readonly #queue: Job[] = [];
  readonly #count: number;
  readonly #spare: SpareLanes;
  readonly #abort = new AbortController();

  /**
   * @param count the number of lanes, each of which runs one job at a time
   * @param spare additional lanes, which use the time that the jobs of the first `count` lanes spend waiting
   */
  constructor(count: number, spare: SpareLanes = NO_SPARE) {
    this.#count = count;
    this.#spare = spare;
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
    const working = Array.from({ length: this.#count }, (_, lane) => this.#work(lane));
    const spare = this.#workInIdleTime();
    await Promise.all(working);
    await spare;
  }

  async #work(lane: number): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) await job(lane);
  }

  /**
   * Starts one job at a time and then measures again, because a job that has just started does not show in
   * the load yet.
   */
  async #workInIdleTime(): Promise<void> {
    const { count, wasIdle } = this.#spare;
    const free = Array.from({ length: count }, (_, index) => this.#count + index);
    const running = new Set<Promise<void>>();
    while (this.#queue.length > 0 && count > 0) {
      const lane = await wasIdle() ? free.pop() : undefined;
      if (lane === undefined) continue;
      const job = this.#queue.shift();
      if (job === undefined) break;
      const ended = job(lane).finally(() => {
        running.delete(ended);
        free.push(lane);
      });
      running.add(ended);
    }
    await Promise.all(running);
  }
}
