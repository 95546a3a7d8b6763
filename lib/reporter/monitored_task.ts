/**
 * The handles that user code gets for a task, a subtask, and a started run.
 *
 * @module
 */

import type { LogLineTraits } from "../task/task.ts";
import type { TaskUpdate } from "./task_update.ts";

/** The first argument of a monitored function: reports the progress of its run. */
export interface MonitoredTask {
  /** The task's id. */
  readonly id: string;
  /** The client token that the task belongs to. */
  readonly client: string;
  /**
   * The signal that is aborted when cancellation is requested, or when the server's process is about to end.
   * Pass the signal on to functions such as `fetch()`, or check it between steps.
   */
  readonly signal: AbortSignal;
  /**
   * Reports progress. The method never throws and can be called at any rate, because rapid updates are
   * coalesced. An invalid value is ignored with a warning. Awaiting the returned promise lets the event loop
   * run, which keeps a server in the same isolate responsive.
   *
   * @param update `progress` from 0 to 100 (`null` for indeterminate), or `current` of `total`; and a
   * `status` to display
   * @returns a promise to await in tight loops
   */
  update(update: TaskUpdate): Promise<void>;
  /**
   * Appends a line to the task's log. Text beyond 8,192 characters is truncated.
   *
   * @param line the text of the line
   * @param traits the `level` of the line, such as `"warn"`, and the output it was written to as `stream`
   */
  log(line: string, traits?: LogLineTraits): void;
  /**
   * Iterates over items and reports each completed one as progress.
   *
   * @param items the items to iterate over
   * @param options the number of items if they have no `length` or `size`, and their unit
   * @returns the same items; the iteration throws `signal.reason` once cancellation is requested
   */
  track<Item>(
    items: Iterable<Item> | AsyncIterable<Item>,
    options?: TrackOptions,
  ): AsyncGenerator<Item, void, undefined>;
  /**
   * Declares how much work the subtasks will do in all, so that the progress can be computed although they are
   * created one after another. An invalid value is ignored with a warning.
   *
   * @param weight the sum of the weights of all subtasks without a share, including future subtasks; `null`
   * to withdraw an earlier declaration
   */
  expect(weight: number | null): void;
  /**
   * Starts a subtask with its own progress. Unless this task reports its own progress, the progress of this
   * task is computed from that of its subtasks. The progress is indeterminate if the subtasks may be only a
   * part of the work: unless their shares add up to 1, {@linkcode MonitoredTask.expect} was called, or at
   * least two subtasks existed before the first one made progress.
   *
   * @example Subtasks that are created one after another
   * ```ts
   * import { monitored } from "@taskscope/taskscope/monitored";
   *
   * const convert = monitored(async (task, files: string[]) => {
   *   task.expect(files.length);
   *   for (const file of files) {
   *     using step = task.child(file);
   *     await step.update({ progress: 50 });
   *   }
   * }, { name: "convert" });
   *
   * await convert(["a.csv", "b.csv"]);
   * ```
   *
   * @param name the subtask's name
   * @param options the subtask's share or weight
   * @returns the subtask; end it with `finish()`, `fail()` or `using`, or it ends together with this task
   */
  child(name: string, options?: ChildOptions): MonitoredChild;
}

/** Options of {@linkcode MonitoredTask.track}. */
export interface TrackOptions {
  /** The number of items; by default, the `length` or `size` of the items if they have one. */
  readonly total?: number;
  /** What the items are, such as `"files"`. */
  readonly unit?: string;
}

/** Options of {@linkcode MonitoredTask.child}. */
export interface ChildOptions {
  /**
   * The subtask's weight, relative to its siblings; 0 or more. The weights divide the work that remains
   * beside the subtasks with a share.
   *
   * @default {1}
   */
  readonly weight?: number;
  /**
   * The share of its parent's work that the subtask does, from 0 to 1. A share does not depend on the
   * siblings, and replaces the weight. If the shares of all subtasks add up to more than 1, they are scaled
   * down to 1.
   */
  readonly share?: number;
}

/** A subtask, with its own progress. */
export interface MonitoredChild extends MonitoredTask, Disposable {
  /** Ends the subtask as `FINISHED`, with an optional JSON result. */
  finish(result?: unknown): void;
  /** Ends the subtask as `ERROR`. The parent task continues. */
  fail(error: unknown): void;
}

/** A handle for a started run. */
export interface TaskHandle<Result> {
  /** The task's id. */
  readonly id: string;
  /**
   * A promise of the function's result. The promise rejects with the error that the function throws. A
   * rejection that no code awaits does not count as unhandled, because the task records the error.
   */
  readonly done: Promise<Result>;
  /** Requests cancellation by aborting the run's `task.signal`. */
  cancel(): void;
}
