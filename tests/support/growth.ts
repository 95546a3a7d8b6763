/**
 * Measures how the time of a function grows with the size of its input.
 *
 * The time is the processor time of this process. Beside other work, the elapsed time of a long call contains many turns
 * of other processes, and that of a short call none, so that linear time would look worse than it is.
 *
 * @module
 */

import process from "node:process";

/** A function to measure. */
export interface Growth {
  /** Creates input of a size, and returns the function that is to be timed. */
  readonly prepare: (size: number) => () => unknown;
  /** The largest input that can arrive. */
  readonly most: number;
}

/** How much longer 16 times the input takes. */
export interface GrowthRatio {
  /** The smaller size. */
  readonly size: number;
  /** The time for 16 times the input divided by the time for the input. */
  readonly ratio: number;
  /** The time for the larger input, in milliseconds. */
  readonly topMs: number;
}

/** The factor between the two sizes: linear time grows by this factor, and quadratic time by its square. */
export const FACTOR = 16;
/** A time for the larger input that is long enough to be compared, in milliseconds. */
const TOP_MS = 5;
/** The number of measurements of each size, of which the fastest counts. */
const TRIALS = 5;

/** The time for the larger input above which no larger one is measured, in milliseconds. */
const ENOUGH_MS = 300;

/**
 * Compares the times for two sizes of input. The sizes grow until the larger input takes at least 5 ms, and
 * further while the ratio is above the accepted one: the engine may handle larger values in another way, which
 * raises the ratio at one size, whereas the ratio of quadratic time is as high at every size. To measure both
 * sizes equally well, the smaller input is used 16 times in a row.
 *
 * @param growth the function to measure
 * @param maxRatio the accepted ratio
 * @returns how much longer the larger input takes, at the last sizes that were measured
 */
export function growthOf({ prepare, most }: Growth, maxRatio: number): GrowthRatio {
  for (let size = 64;; size *= 4) {
    const isLast = size * FACTOR * 4 > most;
    const large = prepare(Math.min(size * FACTOR, most));
    if (timeOf(large, 1) < TOP_MS && !isLast) continue;
    const measured = compare(size, prepare(size), large);
    const isShort = measured.topMs < TOP_MS;
    const isUnclear = isShort || (measured.ratio > maxRatio && measured.topMs < ENOUGH_MS);
    if (isLast || !isUnclear) return measured;
  }
}

function compare(size: number, small: () => unknown, large: () => unknown): GrowthRatio {
  let [bottomMs, topMs] = [Infinity, Infinity];
  // The sizes take turns, so that what changes during the measurement affects both.
  for (let trial = 0; trial < TRIALS; trial++) {
    bottomMs = Math.min(bottomMs, timeOf(small, FACTOR) / FACTOR);
    topMs = Math.min(topMs, timeOf(large, 1));
  }
  return { size, ratio: topMs / bottomMs, topMs };
}

function timeOf(run: () => unknown, times: number): number {
  const startMs = processorMs();
  for (let time = 0; time < times; time++) run();
  return processorMs() - startMs;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
