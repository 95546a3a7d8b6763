/**
 * Demo task: counts primes in a worker, which keeps one core busy.
 *
 * @module
 */

import type { MonitoredTask } from "../monitored.ts";
import { object } from "../task/field_checks.ts";
import type { JsonObject } from "../task/task.ts";
import { startThread } from "../threads/start_thread.ts";
import { Places } from "./places.ts";
import { checkPrimeBound } from "./primes.ts";
import { callWorker } from "./worker_call.ts";

/** The result of the task. */
export type PrimeCount = {
  /** The number of primes. */
  readonly primes: number;
  /** The exclusive upper bound. */
  readonly below: number;
};

/**
 * The maximum number of workers. Each worker takes a thread and more than 10 MB, and more workers than cores would only
 * compete.
 */
export const MAX_WORKERS = Math.min(4, navigator.hardwareConcurrency);

const workers = new Places(MAX_WORKERS);

/** The default bound, which takes about three seconds on an ordinary machine. */
export const DEFAULT_PRIME_BOUND = 2_000_000_000;

/**
 * Counts the primes below a bound in a worker, so that the server stays responsive. At most {@linkcode MAX_WORKERS}
 * runs count at the same time; further ones wait.
 *
 * @param task the task that gets the progress: how many numbers have been checked
 * @param input `below`: an integer from 2 to 10,000,000,000; 2,000,000,000 by default
 * @returns the number of primes
 * @throws {RangeError} if `below` is not an integer in that range
 * @throws {Error} if the worker fails, or no file descriptors are left for it; the signal's reason if the task is cancelled
 */
export async function countPrimes(task: MonitoredTask, input: JsonObject = {}): Promise<PrimeCount> {
  const below = checkPrimeBound(object(input, "input").below ?? DEFAULT_PRIME_BOUND);
  if (workers.isFull) task.update({ status: "Waiting for a worker: all are in use" });
  const primes = await workers.use(task.signal, async () => {
    task.update({ status: `Counting primes below ${below}`, current: 0, total: below, unit: "numbers" });
    const worker = startThread(new URL("./count_primes_worker.ts", import.meta.url), "taskscope-primes");
    return await callWorker(worker, below, {
      signal: task.signal,
      onProgress: (done) => task.update({ current: done }),
    });
  });
  await task.update({ status: `Found ${primes} primes`, current: below });
  return { primes, below };
}
