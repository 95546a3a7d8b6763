/**
 * Keeps how far a job had come at up to 32 moments, evenly spread over its time.
 *
 * @module
 */

/** The maximum number of blocks; beyond it, neighbours are merged, so that memory and time stay bounded. */
const MAX_BLOCKS = 32;
/** The minimum duration of a block, in seconds, so that a fast job does not compute new forecasts all the time. */
const MIN_BLOCK_SECONDS = 0.5;
/** After merging, a block may be this much shorter than the others, as a share. */
const SHORT_BLOCK = 0.75;

/** The blocks between moments; the last block is open, and its end moves with each observation. */
export class Timeline {
  /** The moments, in seconds since the beginning of the timeline, each with the amount done until then. */
  #moments: { seconds: number; amount: number; total: number | null }[] = [];
  #step = MIN_BLOCK_SECONDS;
  #isOpen = false;

  /** @param total the total at the beginning; `null` if it is unknown */
  constructor(total: number | null) {
    this.#moments.push({ seconds: 0, amount: 0, total });
  }

  /** The number of closed blocks. */
  get closed(): number {
    return this.#moments.length - (this.#isOpen ? 2 : 1);
  }

  /** The number of blocks, including the open one. */
  get length(): number {
    return this.#moments.length - 1;
  }

  /** The seconds from the beginning to the end of a block, which is counted from 1. */
  seconds(block: number): number {
    return this.#moments[block]!.seconds;
  }

  /** The amount that was done from the beginning to the end of a block. */
  amount(block: number): number {
    return this.#moments[block]!.amount;
  }

  /** The total at the end of a block. */
  total(block: number): number | null {
    return this.#moments[block]!.total;
  }

  /** Adds a moment after all others; returns whether it closed a block. */
  add(seconds: number, amount: number, total: number | null): boolean {
    if (this.#isOpen) this.#moments.pop();
    this.#moments.push({ seconds, amount, total });
    this.#isOpen = seconds - this.#moments.at(-2)!.seconds < this.#step;
    if (!this.#isOpen && this.length === MAX_BLOCKS) this.#merge();
    return !this.#isOpen;
  }

  #merge(): void {
    const last = this.#moments.at(-1)!;
    this.#step = last.seconds / (MAX_BLOCKS / 2);
    const [first, ...others] = this.#moments;
    const kept = [first!];
    for (const moment of others) {
      const isFar = moment.seconds - kept.at(-1)!.seconds >= SHORT_BLOCK * this.#step;
      if (isFar || moment === last) kept.push(moment);
    }
    this.#moments = kept;
  }
}
