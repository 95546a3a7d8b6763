/**
 * The handles that user code gets: for a task, a subtask, and a started run.
 *
 * @module
 */

import type { TaskUpdate } from "./task_reporter.ts";

/** The first argument of a monitored function: reports the progress of its run. */
export interface MonitoredTask {
  /** The task's id. */
  readonly id: string;
  /** The client token that the task belongs to. */
  readonly client: string;
  /**
   * Aborted when cancellation is requested, or when the server's process is about to end. Pass it on to
   * `fetch()` and the like, or check it between steps.
   */
  readonly signal: AbortSignal;
  /**
   * Reports progress. Takes effect at once, never throws, and may be called as often as you like: rapid
   * updates are coalesced. An invalid value is ignored with a warning. Awaiting the returned promise lets the
   * event loop run, which keeps a server in the same isolate responsive.
   *
   * @param update `progress` from 0 to 100 (`null` for indeterminate), or `current` of `total`; and a
   * `status` to display
   * @returns a promise to await in tight loops
   */
  update(update: TaskUpdate): Promise<void>;
  /** Appends a line to the task's log. Text beyond 8,192 characters is cut off. */
  log(line: string): void;
  /**
   * Iterates over items and reports each completed one as progress.
   *
   * @param items the items to iterate over
   * @param options the total if the items have no `length` or `size`, and their unit
   * @returns the same items; the iteration throws `signal.reason` once cancellation is requested
   */
  track<Item>(
    items: Iterable<Item> | AsyncIterable<Item>,
    options?: TrackOptions,
  ): AsyncGenerator<Item, void, undefined>;
  /**
   * Starts a subtask with its own progress. The progress of this task becomes the weighted average of its
   * subtasks, unless it reports its own.
   *
   * @param name the subtask's name
   * @param options the subtask's weight
   * @returns the subtask; end it with `finish()`, `fail()` or `using`, or it ends together with this task
   */
  child(name: string, options?: ChildOptions): MonitoredChild;
}

/** Options of {@linkcode MonitoredTask.track}. */
export interface TrackOptions {
  /** The number of items. By default their `length` or `size`, if they have one. */
  readonly total?: number;
  /** What the items are, such as `"files"`. */
  readonly unit?: string;
}

/** Options of {@linkcode MonitoredTask.child}. */
export interface ChildOptions {
  /**
   * The subtask's share of its parent's progress, relative to its siblings; 0 or more.
   *
   * @default {1}
   */
  readonly weight?: number;
}

/** A subtask, with its own progress. */
export interface MonitoredChild extends MonitoredTask, Disposable {
  /** Ends the subtask as `FINISHED`, with an optional JSON result. */
  finish(result?: unknown): void;
  /** Ends the subtask as `ERROR`. Its parent goes on. */
  fail(error: unknown): void;
}

/** A handle for a started run. */
export interface TaskHandle<Result> {
  /** The task's id. */
  readonly id: string;
  /**
   * The function's result. It rejects with the error that the function throws; if nobody awaits it, that is
   * not an unhandled rejection, because the task records the error.
   */
  readonly done: Promise<Result>;
  /** Requests cancellation by aborting the run's `task.signal`. */
  cancel(): void;
}
