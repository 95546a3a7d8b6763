/**
 * Implements the handle of a task or subtask while its code runs.
 *
 * @module
 */

import { createChange } from "../task/create_change.ts";
import { LIMITS } from "../task/grammar.ts";
import type { CreateChange, LogLineTraits } from "../task/task.ts";
import { truncate } from "../task/truncate.ts";
import { monotonicUlid } from "../ulid.ts";
import { boundResult } from "../task/bounded_result.ts";
import type { ChildOptions, MonitoredChild, TrackOptions } from "./monitored_task.ts";
import type { ReportSink } from "./report_sink.ts";
import { isAbort, taskErrorOf } from "./task_error.ts";
import { type EndChange, TaskReporter } from "./task_reporter.ts";
import { textOf } from "./text_of.ts";
import type { TaskUpdate } from "./task_update.ts";
import { yieldToEventLoop } from "./yield.ts";

/** The abort reason if the process is about to end, as opposed to a request to cancel this task. */
export class Interruption extends DOMException {
  constructor() {
    super("The server was shut down while the task ran", "AbortError");
  }
}

/** A sink that discards reports, for tasks that must not be monitored. */
const DISCARD: ReportSink = {
  ready: true,
  open() {},
  report() {},
  close() {},
  settled() {},
};

/** The options of a {@linkcode RunningTask}. */
interface RunningTaskOptions {
  readonly id: string;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly onCancel: () => void;
  readonly onInterrupt: () => void;
  /** Called when the task's code has ended. */
  readonly onEnd?: (task: RunningTask) => void;
}

/** The implementation of {@linkcode MonitoredTask} and {@linkcode MonitoredChild}. */
export class RunningTask implements MonitoredChild {
  readonly id: string;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly #sink: ReportSink;
  readonly #options: RunningTaskOptions;
  readonly #reporter: TaskReporter;
  readonly #children: Set<RunningTask> = new Set();
  /** The only subtask so far; `undefined` before the first subtask, `null` after the second subtask. */
  #onlyChild: RunningTask | null | undefined;

  constructor(sink: ReportSink, options: RunningTaskOptions) {
    this.id = options.id;
    this.client = options.client;
    this.signal = options.signal;
    this.#sink = sink;
    this.#options = options;
    const { onCancel, onInterrupt } = options;
    this.#reporter = new TaskReporter(sink, options, { onCancel, onInterrupt, warn });
  }

  begin(create: CreateChange): void {
    this.#reporter.begin(create);
  }

  requestCancel(): void {
    this.#reporter.requestCancel();
  }

  update(update: TaskUpdate): Promise<void> {
    this.#reporter.update(update);
    return yieldToEventLoop(Date.now());
  }

  log(line: string, traits?: LogLineTraits): void {
    this.#reporter.log(line, traits);
  }

  async *track<Item>(
    items: Iterable<Item> | AsyncIterable<Item>,
    options: TrackOptions = {},
  ): AsyncGenerator<Item, void, undefined> {
    const { total = sizeOf(items), unit } = options;
    let count = 0;
    const first = { current: count, total: total ?? null, ...(unit !== undefined && { unit }) };
    await this.update(first);
    for await (const item of items) {
      this.signal.throwIfAborted();
      yield item;
      await this.update({ current: ++count });
    }
  }

  expect(weight: number | null): void {
    this.#reporter.expect(weight);
  }

  child(name: string, options: ChildOptions = {}): MonitoredChild {
    const { weight = 1, share } = options;
    this.#reporter.flushExpected();
    // The progress of the first subtask so far must be reported before the creation of the second subtask:
    // the amount of work counts as known only if two subtasks exist before the first one makes progress.
    if (this.#onlyChild) this.#onlyChild.#precede();
    // An ended task cannot have subtasks.
    const child = new RunningTask(this.#reporter.ended ? DISCARD : this.#sink, {
      ...this.#options,
      id: monotonicUlid(),
      onEnd: (ended) => this.#children.delete(ended),
    });
    this.#children.add(child);
    this.#onlyChild = this.#onlyChild === undefined ? child : null;
    child.begin(createChange({
      name: truncate(textOf(name), LIMITS.nameLength) || "subtask",
      parent_id: this.id,
      weight: Number.isFinite(weight) && weight >= 0 ? weight : 1,
      share: typeof share === "number" && share >= 0 && share <= 1 ? share : null,
    }));
    return child;
  }

  finish(result?: unknown): void {
    for (const child of this.#children) child.finish();
    const { value, warning } = boundResult(result);
    if (warning !== null) this.log(warning);
    this.#end({ type: "finish", result: value });
  }

  fail(error: unknown): void {
    const reason = taskErrorOf(error);
    for (const child of this.#children) child.fail(error);
    this.#end({ type: "fail", error: reason });
  }

  failOrCancel(error: unknown): void {
    if (!this.signal.aborted || !isAbort(error, this.signal.reason)) this.fail(error);
    else if (this.signal.reason instanceof Interruption) this.#interrupted(this.signal.reason.message);
    else this.#cancelled();
  }

  [Symbol.dispose](): void {
    this.finish();
  }

  #precede(): void {
    this.#reporter.precede();
    for (const child of this.#children) child.#precede();
  }

  #cancelled(): void {
    for (const child of this.#children) child.#cancelled();
    this.#end({ type: "cancelled" });
  }

  #interrupted(message: string): void {
    for (const child of this.#children) child.#interrupted(message);
    this.#end({ type: "fail", error: { type: "interrupted", message } });
  }

  #end(change: EndChange): void {
    this.#reporter.end(change);
    this.#options.onEnd?.(this);
  }
}

/**
 * Returns the number of items of a collection; `undefined` if the collection has neither a `length` nor a
 * `size`.
 */
function sizeOf(items: unknown): number | undefined {
  // Strings iterate by code point, but `length` counts UTF-16 units.
  if (typeof items === "string") return [...items].length;
  if (typeof items !== "object" || items === null) return undefined;
  if ("length" in items && typeof items.length === "number") return items.length;
  if ("size" in items && typeof items.size === "number") return items.size;
  return undefined;
}

function warn(message: string): void {
  // A library should normally not log, but this warning is the only hint why the task does not appear.
  // deno-lint-ignore no-console
  console.warn(`[taskscope] ${message}`);
}
