/**
 * Reports changes to a registry, and measures the time until they are committed.
 *
 * @module
 */

import { yieldToEventLoop } from "../../../lib/reporter/yield.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { pause } from "../support/clock.ts";
import { report, updateOf } from "../support/records.ts";

/** The result of {@linkcode changeDurably}. */
export interface DurableRun {
  /** The time until all changes were committed, in milliseconds. */
  readonly elapsedMs: number;
  /** The number of commits. */
  readonly commits: number;
}

/** The changes that {@linkcode changeDurably} makes. */
export interface DurableOrder {
  /** The ids of the tasks to change in turn. */
  readonly tasks: readonly string[];
  /** The number of changes over all tasks. */
  readonly changes: number;
}

let steps = 0;

/**
 * Changes the status of tasks in turn, as fast as possible while it yields to the event loop regularly.
 *
 * @param registry the registry with the tasks
 * @param order the tasks, and the number of changes
 * @returns the elapsed time, and the number of commits
 */
export async function changeDurably(
  registry: Registry,
  { tasks, changes }: DurableOrder,
): Promise<DurableRun> {
  const { commits } = registry.storeFigures;
  const startMs = performance.now();
  for (let index = 0; index < changes; index++) {
    report(registry, tasks[index % tasks.length]!, updateOf(++steps));
    await yieldToEventLoop(Date.now());
  }
  await registry.committed();
  return { elapsedMs: performance.now() - startMs, commits: registry.storeFigures.commits - commits };
}

/**
 * Changes a task repeatedly, and waits for the commit of each change before the next one.
 *
 * @param registry the registry with the task
 * @param task the id of the task
 * @param timing the number of changes, and the pause before each of them
 * @returns the time from each change to its commit, in milliseconds
 */
export async function commitLatencies(
  registry: Registry,
  task: string,
  { count, intervalMs }: { readonly count: number; readonly intervalMs: number },
): Promise<number[]> {
  const latencies: number[] = [];
  while (latencies.length < count) {
    await pause(intervalMs);
    const startMs = performance.now();
    report(registry, task, updateOf(++steps));
    await registry.committed();
    latencies.push(performance.now() - startMs);
  }
  return latencies;
}
