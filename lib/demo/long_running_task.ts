/**
 * A task to start with that only takes its time: the shortest example of what a task can say.
 *
 * @module
 */

import type { MonitoredTask } from "../monitored.ts";

/** How many steps {@linkcode longRunningTask} takes. */
const STEPS = 10;

const STEP_MS = 1_000;

/** What {@linkcode longRunningTask} returns. */
export type LongRunningResult = {
  readonly message: string;
  /** How many steps it took. */
  readonly steps: number;
};

/**
 * Takes ten steps of a second.
 *
 * @param task the task that hears of every step
 * @returns that it is done
 * @throws the signal's reason where the task was asked to stop
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
