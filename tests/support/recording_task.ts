/**
 * A task that writes down what a function says to it, for tests of that function.
 *
 * @module
 */

import type { MonitoredTask } from "../../lib/monitored.ts";

/** What a function may say of its progress. */
export type RecordedUpdate = Parameters<MonitoredTask["update"]>[0];

/** Writes down every update and log line; {@linkcode RecordingTask.stop} asks the function to stop. */
export class RecordingTask implements MonitoredTask {
  readonly id = "task";
  readonly client = "default";
  readonly updates: RecordedUpdate[] = [];
  readonly lines: string[] = [];
  readonly #controller = new AbortController();
  readonly #onUpdate: (update: RecordedUpdate, task: RecordingTask) => void;

  /** @param onUpdate called with every update, before the function goes on */
  constructor(onUpdate: (update: RecordedUpdate, task: RecordingTask) => void = () => {}) {
    this.#onUpdate = onUpdate;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Asks the function to stop. */
  stop(reason: unknown): void {
    this.#controller.abort(reason);
  }

  update(update: RecordedUpdate): Promise<void> {
    this.updates.push(update);
    this.#onUpdate(update, this);
    return Promise.resolve();
  }

  log(line: string): void {
    this.lines.push(line);
  }

  async *track<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    yield* items;
  }

  child(): never {
    throw new Error("A recording task has no children");
  }
}
