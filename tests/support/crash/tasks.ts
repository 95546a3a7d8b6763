/**
 * The tasks of a server that is going to be killed. A module for `--tasks`: every export can be started by name.
 *
 * @module
 */

import type { MonitoredTask } from "../../../lib/monitored.ts";
import { pause, runSwarm } from "./swarm.ts";
import type { SwarmMessage } from "./swarm_worker.ts";

/**
 * Goes on until it is asked to stop, each step with a log line, then a status and a count.
 *
 * @param task the task
 * @param pauseMs how long a step takes
 * @param manner `"deaf"` does not hear when it is asked to stop
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
 * Takes a few steps, and ends.
 *
 * @param task the task
 * @param lifeMs how long it runs
 * @param how in which way it ends; `"wait"` is when it is asked to stop
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
 * Runs short tasks that say on the standard output how they ended, until it is asked to stop.
 *
 * @param task the task
 * @param width how many run at a time
 * @param lifeMs how long each runs at most
 */
export async function swarm(task: MonitoredTask, width: number, lifeMs: number): Promise<void> {
  await runSwarm({ client: task.client, prefix: task.id, width, lifeMs }, task.signal);
}

/** The same in another isolate. */
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
