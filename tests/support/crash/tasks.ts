/**
 * The tasks that run in the server until it is killed; the module is passed to `--tasks`, which offers every export.
 *
 * @module
 */

import type { MonitoredTask } from "../../../lib/monitored.ts";
import { pause, runSwarm } from "./swarm.ts";
import type { SwarmMessage } from "./swarm_worker.ts";

/**
 * Runs until it is cancelled; each step logs a line, then updates the status and the count.
 *
 * @param task the monitored task
 * @param pauseMs the duration of a step, in milliseconds
 * @param manner `"deaf"` to ignore requests to cancel the task
 */
export async function steady(task: MonitoredTask, pauseMs: number, manner?: "deaf"): Promise<never> {
  const signal = manner === "deaf" ? null : task.signal;
  for (let step = 1;; step++) {
    task.log(`${task.id} line ${step}`);
    await task.update({ current: step, total: 1_000_000, status: `step ${step}` });
    await pause(pauseMs, signal);
  }
}

/**
 * Runs three steps, then ends in a given way.
 *
 * @param task the monitored task
 * @param lifeMs the duration of the three steps, in milliseconds
 * @param how how to end: finish, fail, wait until it is cancelled, or run subtasks and finish
 */
export async function brief(
  task: MonitoredTask,
  lifeMs: number,
  how: "finish" | "fail" | "wait" | "parts",
): Promise<unknown> {
  for (let step = 1; step <= 3; step++) {
    task.log(`${task.id} line ${step}`);
    await task.update({ current: step, total: 3, status: `step ${step}` });
    await pause(lifeMs / 3, task.signal);
  }
  switch (how) {
    case "finish":
      return { id: task.id, how };
    case "fail":
      throw new RangeError(`Task ${task.id} went wrong`);
    case "wait":
      return await pause(3_600_000, task.signal);
    case "parts":
      return await parts(task, lifeMs);
  }
}

/**
 * Runs short tasks in this isolate until it is cancelled; the outcome of each is printed to standard output.
 *
 * @param task the monitored task
 * @param width the number of concurrent short tasks
 * @param lifeMs the maximum duration of a short task, in milliseconds
 */
export async function swarm(task: MonitoredTask, width: number, lifeMs: number): Promise<void> {
  await runSwarm({ client: task.client, prefix: task.id, width, lifeMs }, task.signal);
}

/** Runs short tasks like {@linkcode swarm}, but in another isolate. */
export async function distant_swarm(task: MonitoredTask, width: number, lifeMs: number): Promise<void> {
  const done = Promise.withResolvers<void>();
  const worker = new Worker(new URL("./swarm_worker.ts", import.meta.url), { type: "module" });
  const tell = (message: SwarmMessage) => worker.postMessage(message);
  worker.onmessage = ({ data }) => data === "done" ? done.resolve() : tell("here");
  task.signal.addEventListener("abort", () => tell("stop"), { once: true });
  tell({ client: task.client, prefix: task.id, width, lifeMs });
  await done.promise;
  worker.terminate();
}

async function parts(task: MonitoredTask, lifeMs: number): Promise<string> {
  const children = [1, 2, 3].map((weight) => task.child(`part ${weight}`, { weight }));
  for (const progress of [30, 60, 100]) {
    for (const child of children) void child.update({ progress });
    await pause(lifeMs / 3, task.signal);
  }
  for (const child of children) child.finish(`${task.id} is done`);
  return "parts";
}
