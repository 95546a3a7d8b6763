/**
 * Demo task: takes ten steps of one second each, as the shortest example of a task.
 *
 * @module
 */

import type { MonitoredTask } from "../monitored.ts";

const STEPS = 10;

const STEP_MS = 1_000;

/** The result of the task. */
export type LongRunningResult = {
  readonly message: string;
  /** The number of steps that the task took. */
  readonly steps: number;
};

/**
 * Takes ten steps of one second each.
 *
 * @param task the task to report every step to
 * @returns the number of steps
 * @throws the signal's reason if the task is cancelled
 */
export async function longRunningTask(task: MonitoredTask): Promise<LongRunningResult> {
  for (let step = 1; step <= STEPS; step++) {
    await task.update({
      status: `Step ${step} of ${STEPS}`,
      current: step - 1,
      total: STEPS,
      unit: "steps",
    });
    task.log(`Step ${step} of ${STEPS}`);
    await sleep(STEP_MS, task.signal);
  }
  await task.update({ status: "Done", current: STEPS });
  return { message: "Done", steps: STEPS };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) reject(signal.reason);
  const timer = setTimeout(resolve, ms);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  });
}
