/**
 * Gives the code of a monitored function access to its task without a parameter.
 *
 * @module
 */

import type { MonitoredTask } from "./monitored_task.ts";

let current: MonitoredTask | null = null;

/**
 * Returns the task of the monitored function that is being called. The task is available only until the
 * function's first `await`, so keep the task in a variable; in an async generator, the task is available
 * again after each `yield`. Decorated methods use `currentTask()` as the default value of their last
 * parameter.
 *
 * @returns the task
 * @throws {Error} if `currentTask()` is called outside a monitored function, or after the function's first
 * `await`
 */
export function currentTask(): MonitoredTask {
  if (current === null) {
    throw new Error(
      "Cannot get current task: wanted a call inside a monitored function, before its first await",
    );
  }
  return current;
}

/** Calls a function. During the call, {@linkcode currentTask} returns the given task. */
export function callWithTask<Result>(call: (task: MonitoredTask) => Result, task: MonitoredTask): Result {
  const outer = current;
  current = task;
  try {
    return call(task);
  } finally {
    current = outer;
  }
}
