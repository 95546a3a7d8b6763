/**
 * The handles that user code gets: a task inside its function, a subtask, and a started run.
 *
 * @module
 */

import type { TaskUpdate } from "./task_reporter.ts";

/** What a monitored function is given as its first argument. */
export interface MonitoredTask {
  /** The task's id. */
  readonly id: string;
  /** The client token that the task is seen under. */
  readonly client: string;
  /** Aborted when somebody asks the task to stop. Pass it on, or look at it between steps. */
  readonly signal: AbortSignal;
  /**
   * Says how far the task is. Costs next to nothing, so call it as often as there is news: what comes in quick
   * succession is merged. It acts at once; awaiting it lets the event loop yieldToEventLoop, so that a server in the same
   * isolate goes on answering. It never throws.
   *
   * @param update `progress` from 0 to 100 (`null` = unknown), or `current` of `total`, and a `status` for people
   * @returns a promise to await in tight loops
   */
  update(update: TaskUpdate): Promise<void>;
  /** Adds a line to the task's log. */
  log(line: string): void;
  /**
   * Goes through items and counts them as progress.
   *
   * @param items what to go through
   * @param options how many there are, where `length` or `size` does not tell, and what they are
   * @returns the same items; throws the signal's reason once the task is asked to stop
   */
  track<Item>(
    items: Iterable<Item> | AsyncIterable<Item>,
    options?: TrackOptions,
  ): AsyncGenerator<Item, void, undefined>;
  /**
   * Begins a part of this task that has a bar of its own and owns a slice of this task's bar.
   *
   * @param name what the part does
   * @param options how large its slice is
   * @returns the part, to be ended by `finish()`, `fail()` or `using`; it ends with this task at the latest
   */
  child(name: string, options?: ChildOptions): MonitoredChild;
}

/** Options of {@linkcode MonitoredTask.track}. */
export interface TrackOptions {
  /** How many items there are. */
  readonly total?: number;
  /** What the items are: `"files"`. */
  readonly unit?: string;
}

/** Options of {@linkcode MonitoredTask.child}. */
export interface ChildOptions {
  /**
   * The size of the slice relative to the other children's.
   *
   * @default {1}
   */
  readonly weight?: number;
}

/** A part of a task, with a bar of its own. */
export interface MonitoredChild extends MonitoredTask, Disposable {
  /** Ends the part. */
  finish(result?: unknown): void;
  /** Ends the part as failed. The task itself goes on. */
  fail(error: unknown): void;
}

/** A run that was started. */
export interface TaskHandle<Result> {
  /** The task's id. */
  readonly id: string;
  /** The function's own outcome. A rejection that nobody awaits is no unhandled rejection: the task shows it. */
  readonly done: Promise<Result>;
  /** Asks the run to stop, by aborting its `task.signal`. */
  cancel(): void;
}
