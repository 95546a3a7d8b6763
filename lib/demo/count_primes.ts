/**
 * A real task to start with: work that keeps a core busy, in a worker.
 *
 * @module
 */

import type { MonitoredTask } from "../monitored.ts";
import { object } from "../task/protocol.ts";
import type { JsonObject } from "../task/task.ts";
import { checkPrimeBound } from "./primes.ts";
import { callWorker } from "./worker_call.ts";

/** What a count found. */
export type PrimeCount = {
  /** How many primes there are. */
  readonly primes: number;
  /** The bound, which itself does not count. */
  readonly below: number;
};

/** Some three seconds of work on an ordinary machine. */
export const DEFAULT_PRIME_BOUND = 2_000_000_000;

/**
 * Counts the primes below a bound in a worker, so that the server beside it keeps answering.
 *
 * @param task the task that hears of the progress, in numbers
 * @param input `below`: a whole number from 2 to 10,000,000,000; 2,000,000,000 where it is absent
 * @returns how many primes there are
 * @throws {RangeError} where `below` is no such number
 * @throws {Error} where the worker failed; the signal's reason where the task was asked to stop
 */
export async function countPrimes(task: MonitoredTask, input: JsonObject = {}): Promise<PrimeCount> {
  const below = checkPrimeBound(object(input, "input").below ?? DEFAULT_PRIME_BOUND);
  task.update({ status: `Counting primes below ${below}`, current: 0, total: below, unit: "numbers" });
  const worker = new Worker(new URL("./count_primes_worker.ts", import.meta.url), { type: "module" });
  const primes = await callWorker(worker, below, {
    signal: task.signal,
    onProgress: (done) => task.update({ current: done }),
  });
  await task.update({ status: `Found ${primes} primes`, current: below });
  return { primes, below };
}
