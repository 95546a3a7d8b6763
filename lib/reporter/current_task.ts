/**
 * The task of the monitored function that is being called.
 *
 * @module
 */

import type { MonitoredTask } from "./monitored_task.ts";

let current: MonitoredTask | null = null;

/**
 * The task of the monitored function that is being called. For the parameter's default value of decorated methods, and
 * for functions that are called at once; after the first `await` it is gone, so keep it in a variable.
 *
 * @returns the task
 * @throws {Error} outside of a monitored function, or after its first `await`
 */
export function currentTask(): MonitoredTask {
  if (current === null) {
    throw new Error("Cannot get current task: wanted a call before the first await of a monitored function");
  }
  return current;
}

/** Calls a function while {@linkcode currentTask} returns its task. */
export function callWithTask<Result>(call: (task: MonitoredTask) => Result, task: MonitoredTask): Result {
  const outer = current;
  current = task;
  try {
    return call(task);
  } finally {
    current = outer;
  }
}
