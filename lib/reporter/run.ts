/**
 * One run of a monitored function: what the function is given, and what becomes of its outcome.
 *
 * @module
 */

import { yieldToEventLoop } from "./yield.ts";
import { LIMITS } from "../task/grammar.ts";
import { type EndChange, type ReportSink, TaskReporter, type TaskUpdate, textOf } from "./reporter.ts";
import { truncate } from "../task/truncate.ts";
import { resultOf } from "./result.ts";
import type { CreateChange, JsonObject, TaskError } from "../task/task.ts";
import { monotonicUlid } from "../ulid.ts";

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

/** What a run is to be known as. */
export interface RunSettings {
  readonly name: string;
  readonly client: string;
  readonly id: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly staleAfterMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Which try it is. */
  readonly attempt?: number;
  /** The task that it is another attempt at. */
  readonly retryOf?: string;
  /** It was started by name, so that it can be started again. */
  readonly retryable?: boolean;
}

/** Why a signal is aborted when the process is about to end: nobody asked this very task to stop. */
class Interruption extends DOMException {
  constructor() {
    super("The server was shut down while the task ran", "AbortError");
  }
}

/** How long an end waits to be committed, in milliseconds; the function's outcome is never held up for longer. */
const COMMIT_WAIT_MS = 2_000;

/** Where the reports of a task go that nobody is to see. */
const NOWHERE: ReportSink = {
  ready: true,
  open() {},
  report() {},
  close() {},
  settled: () => Promise.resolve(),
};

let current: MonitoredTask | null = null;

/**
 * The task of the monitored function that is being called. For the parameter's default value of decorated methods, and
 * for functions that are called at once; after the first `await` it is gone, so keep it in a variable.
 *
 * @returns the task
 * @throws {Error} outside of a monitored function, or after its first `await`
 */
export function currentTask(): MonitoredTask {
  if (current === null) {
    throw new Error("Cannot get current task: wanted a call before the first await of a monitored function");
  }
  return current;
}

/**
 * Calls a function as a task.
 *
 * @param call calls the function with the task
 * @param sink where reports go
 * @param settings what the run is to be known as
 * @returns the run
 */
export function startRun<Result>(
  call: (task: MonitoredTask) => Result,
  sink: ReportSink,
  settings: RunSettings,
): TaskHandle<Awaited<Result>> {
  const controller = new AbortController();
  const signal = settings.signal === undefined
    ? controller.signal
    : AbortSignal.any([controller.signal, settings.signal]);
  const cancel = () => controller.abort(new DOMException("The task was cancelled", "AbortError"));
  const interrupt = () => controller.abort(new Interruption());
  const task = new RunningTask(sink, {
    id: settings.id ?? monotonicUlid(),
    client: settings.client,
    signal,
    onCancel: cancel,
    onInterrupt: interrupt,
  });
  task.begin({
    type: "create",
    name: truncate(settings.name, LIMITS.nameLength),
    metadata: settings.metadata,
    tags: settings.tags,
    parent_id: null,
    weight: 1,
    attempt: settings.attempt ?? 1,
    retry_of: settings.retryOf ?? null,
    retryable: settings.retryable ?? false,
    stale_after: settings.staleAfterMs === undefined ? null : settings.staleAfterMs / 1000,
  });
  const asked = () => signal.reason instanceof Interruption || task.requestCancel();
  if (signal.aborted) asked();
  else signal.addEventListener("abort", asked, { once: true });

  const done = outcomeOf(call, task).finally(() => signal.removeEventListener("abort", asked));
  done.catch(() => {});
  return { id: task.id, done, cancel };

  async function outcomeOf(
    call: (task: MonitoredTask) => Result,
    task: RunningTask,
  ): Promise<Awaited<Result>> {
    try {
      const result = await callWith(call, task);
      task.finish(result);
      return result;
    } catch (error) {
      task.failOrCancel(error);
      throw error;
    } finally {
      await settledInTime(sink);
    }
  }
}

function callWith<Result>(call: (task: MonitoredTask) => Result, task: MonitoredTask): Result {
  const outer = current;
  current = task;
  try {
    return call(task);
  } finally {
    current = outer;
  }
}

async function settledInTime(sink: ReportSink): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<void>((resolve) => timer = setTimeout(resolve, COMMIT_WAIT_MS));
  // What can't be committed is the monitor's degradation, and not the function's.
  await Promise.race([sink.settled().catch(() => {}), tooLate]);
  clearTimeout(timer);
}

/** What a {@linkcode RunningTask} is made of. */
interface RunningTaskOptions {
  readonly id: string;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly onCancel: () => void;
  readonly onInterrupt: () => void;
  /** Called when the task has ended for its own side. */
  readonly onEnd?: (task: RunningTask) => void;
}

class RunningTask implements MonitoredChild {
  readonly id: string;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly #sink: ReportSink;
  readonly #options: RunningTaskOptions;
  readonly #reporter: TaskReporter;
  readonly #children: Set<RunningTask> = new Set();

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

  log(line: string): void {
    this.#reporter.log(line);
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

  child(name: string, options: ChildOptions = {}): MonitoredChild {
    const { weight = 1 } = options;
    // Who is over has no parts any more.
    const child = new RunningTask(this.#reporter.ended ? NOWHERE : this.#sink, {
      ...this.#options,
      id: monotonicUlid(),
      onEnd: (ended) => this.#children.delete(ended),
    });
    this.#children.add(child);
    child.begin({
      type: "create",
      name: truncate(textOf(name), LIMITS.nameLength) || "part",
      metadata: {},
      tags: [],
      parent_id: this.id,
      weight: Number.isFinite(weight) && weight >= 0 ? weight : 1,
      attempt: 1,
      retry_of: null,
      retryable: false,
      stale_after: null,
    });
    return child;
  }

  finish(result?: unknown): void {
    for (const child of this.#children) child.finish();
    const { value, complaint } = resultOf(result);
    if (complaint !== null) this.log(complaint);
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

/** How many items there are, where the collection can tell. */
function sizeOf(items: unknown): number | undefined {
  // Letters are iterated by code point, which `length` does not count.
  if (typeof items === "string") return [...items].length;
  if (typeof items !== "object" || items === null) return undefined;
  if ("length" in items && typeof items.length === "number") return items.length;
  if ("size" in items && typeof items.size === "number") return items.size;
  return undefined;
}

/** Whether an error is, or was caused by, the abort that was asked for. */
function isAbort(error: unknown, reason: unknown): boolean {
  const seen = new Set<unknown>();
  try {
    for (let cause = error; !seen.has(cause); cause = cause instanceof Error ? cause.cause : undefined) {
      if (cause === reason || (cause instanceof Error && cause.name === "AbortError")) return true;
      seen.add(cause);
    }
  } catch {
    // An error of the user's own that can't even be looked at.
  }
  return false;
}

/** What is shown of something that was thrown. */
export function taskErrorOf(thrown: unknown): TaskError {
  try {
    if (!(thrown instanceof Error)) {
      return { message: truncate(String(thrown), LIMITS.errorMessageLength), type: typeof thrown };
    }
    return {
      message: truncate(String(thrown.message), LIMITS.errorMessageLength),
      type: truncate(String(thrown.name), LIMITS.errorTypeLength),
      ...(typeof thrown.stack === "string" && { stack: truncate(thrown.stack, LIMITS.errorStackLength) }),
    };
  } catch {
    return { message: "Something was thrown that can't be shown", type: "unknown" };
  }
}

function warn(message: string): void {
  // The one place where a library may speak: its user would otherwise look for the task in vain.
  // deno-lint-ignore no-console
  console.warn(`[taskscope] ${message}`);
}
