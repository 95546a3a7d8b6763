/**
 * Makes changes, and waits until they are committed.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { yieldToEventLoop } from "../../../lib/reporter/yield.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { pause } from "../support/clock.ts";
import { report, updateOf } from "../support/records.ts";

/** How long so many changes took to be made and committed. */
export interface DurableRun {
  readonly elapsedMs: number;
  /** The commits that they were in, as far as they could be told apart. */
  readonly commits: number;
}

/** Tasks to change in turns, and how often to change any of them. */
export interface DurableOrder {
  readonly tasks: readonly string[];
  readonly changes: number;
}

let steps = 0;

/**
 * Changes tasks in turns, each time to another status, as fast as the event loop may turn beside it.
 *
 * @param registry where the tasks are
 * @param file the database that it is committed to
 * @param order what to do
 */
export async function changeDurably(
  registry: Registry,
  file: string,
  { tasks, changes }: DurableOrder,
): Promise<DurableRun> {
  using commits = new CommitCounter(file);
  const startMs = performance.now();
  for (let index = 0; index < changes; index++) {
    report(registry, tasks[index % tasks.length]!, updateOf(++steps));
    await yieldToEventLoop(Date.now());
    if (index % tasks.length === 0) commits.look();
  }
  await registry.committed();
  const elapsedMs = performance.now() - startMs;
  commits.look();
  return { elapsedMs, commits: commits.count };
}

/**
 * Waits for single changes to be committed, with nothing else to do.
 *
 * @param registry where the task is
 * @param task which task to change
 * @param timing how often, and how much later each time
 * @returns milliseconds of each
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

/** Counts the commits of others, those that it looked between. */
class CommitCounter implements Disposable {
  readonly #db: DatabaseSync;
  #version: unknown;
  count = 0;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true });
    this.#version = this.#read();
  }

  look(): void {
    const version = this.#read();
    if (version !== this.#version) this.count++;
    this.#version = version;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #read(): unknown {
    return this.#db.prepare("PRAGMA data_version").get()?.data_version;
  }
}
