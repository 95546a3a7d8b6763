/**
 * Keeps the progress of a job at up to 32 moments, evenly spread over its time.
 *
 * @module
 */

/**
 * The maximum number of blocks. Beyond it, neighbouring blocks are merged, so that memory and computing time stay
 * bounded.
 */
const MAX_BLOCKS = 32;
/** The minimum duration of a block, in seconds, so that a fast job does not compute new forecasts all the time. */
const MIN_BLOCK_SECONDS = 0.5;
/** The minimum duration of a merged block, as a share of the regular duration. */
const SHORT_BLOCK = 0.75;

/**
 * The time of a job, divided into blocks by moments. Block `n` reaches from moment `n - 1` to moment `n`. The last
 * block may be open; its end then moves with each observation.
 */
export class Timeline {
  /** The moments, in seconds since the beginning of the timeline. */
  seconds: number[] = [0];
  /** The amount that was done by each moment. */
  amounts: number[] = [0];
  /** The total at each moment; `null` if it was unknown. */
  totals: (number | null)[];
  #step = MIN_BLOCK_SECONDS;
  #isOpen = false;

  /** @param total the total at the beginning; `null` if it is unknown */
  constructor(total: number | null) {
    this.totals = [total];
  }

  /** The number of closed blocks. */
  get closed(): number {
    return this.#isOpen ? this.length - 1 : this.length;
  }

  /** The number of blocks, including the open one. */
  get length(): number {
    return this.seconds.length - 1;
  }

  /** Adds an observation after all others; returns whether it closed a block. */
  add(seconds: number, amount: number, total: number | null): boolean {
    const index = this.#isOpen ? this.length : this.length + 1;
    this.seconds[index] = seconds;
    this.amounts[index] = amount;
    this.totals[index] = total;
    this.#isOpen = seconds - this.seconds[index - 1]! < this.#step;
    if (!this.#isOpen && index === MAX_BLOCKS) this.#merge();
    return !this.#isOpen;
  }

  #merge(): void {
    const last = this.length;
    this.#step = this.seconds[last]! / (MAX_BLOCKS / 2);
    const kept = [0];
    for (let index = 1; index <= last; index++) {
      const elapsed = this.seconds[index]! - this.seconds[kept.at(-1)!]!;
      if (index === last || elapsed >= SHORT_BLOCK * this.#step) kept.push(index);
    }
    this.seconds = kept.map((index) => this.seconds[index]!);
    this.amounts = kept.map((index) => this.amounts[index]!);
    this.totals = kept.map((index) => this.totals[index]!);
  }
}
