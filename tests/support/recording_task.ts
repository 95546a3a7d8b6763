/**
 * A task object for tests of functions that report progress; it records their calls.
 *
 * @module
 */

import type { MonitoredTask } from "../../lib/monitored.ts";

/** An update that the function under test made. */
export type RecordedUpdate = Parameters<MonitoredTask["update"]>[0];

/** Records every update and log line; {@linkcode RecordingTask.stop} aborts its signal. */
export class RecordingTask implements MonitoredTask {
  readonly id = "task";
  readonly client = "default";
  readonly updates: RecordedUpdate[] = [];
  readonly lines: string[] = [];
  readonly #controller = new AbortController();
  readonly #onUpdate: (update: RecordedUpdate, task: RecordingTask) => void;

  /** @param onUpdate called with every update, before the function under test continues */
  constructor(onUpdate: (update: RecordedUpdate, task: RecordingTask) => void = () => {}) {
    this.#onUpdate = onUpdate;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts the task's signal, as a cancellation does. */
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

  expect(): void {}

  async *track<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    yield* items;
  }

  child(): never {
    throw new Error("A recording task has no children");
  }
}
