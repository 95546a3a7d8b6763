/**
 * Wraps a function so that each call is a run of a task. What `monitored()` is made of.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { readVariable } from "../environment.ts";
import { parseChange } from "../task/protocol.ts";
import { DEFAULT_CLIENT, isClientToken, isTaskId } from "../task/grammar.ts";
import type { ReportSink } from "./report_sink.ts";
import type { MonitoredTask, TaskHandle } from "./monitored_task.ts";
import { type RunSettings, startRun } from "./start_run.ts";
import { parseServerAddress } from "./server_address.ts";
import type { JsonObject } from "../task/task.ts";

/** What may be said anew for a single call. */
export interface CallOptions {
  /**
   * The client token that the task is seen under.
   *
   * @default {"TASKSCOPE_CLIENT, else \"default\""}
   */
  readonly client?: string;
  /** The task's id; a ULID where none is given. An id serves one run only. */
  readonly id?: string;
  /** Words to filter by: at most 32 of at most 64 characters. */
  readonly tags?: readonly string[];
  /** What else is to be seen beside the task: at most 16 KiB of JSON. */
  readonly metadata?: JsonObject;
  /** Asks the run to stop, beside the requests that come from watchers. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode monitored}. */
export interface MonitoredOptions extends CallOptions {
  /**
   * What the tasks are called, at most 200 characters.
   *
   * @default {"the function's name"}
   */
  readonly name?: string;
  /**
   * The address of the server that reports go to, such as `http://127.0.0.1:8000`, before any other.
   *
   * @default {"a monitor in this process, else TASKSCOPE_SERVER, else the server that this module was loaded from"}
   */
  readonly server?: string;
  /**
   * The key of the server that reports go to, or a token for reporters. A monitor in the same process needs none.
   *
   * @default the environment variable `TASKSCOPE_KEY`, where it may be read
   */
  readonly key?: string;
  /**
   * A JSON Schema of what the function takes: of the only argument, or, with `"type": "array"` and `prefixItems`, of
   * the list of arguments. The page makes a form of it. Its `title` and `description` are shown.
   */
  readonly input?: JsonObject;
  /** The task is shown as stale when it says nothing for so many milliseconds. By default it never is. */
  readonly staleAfterMs?: number;
  /**
   * The name of the channel of the monitor that reports go to, where the process holds several.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
}

/** A function whose calls are seen as tasks. */
export interface MonitoredFunction<This, Args extends unknown[], Result> {
  /** Calls the function; behaves as the function itself. */
  (this: This, ...args: Args): Promise<Awaited<Result>>;
  /** Calls the function and gives a handle on the run. */
  start(...args: Args): TaskHandle<Awaited<Result>>;
  /** The same function with other options. */
  with(options: CallOptions): MonitoredFunction<This, Args, Result>;
}

/** What may be said of a run that is started by name. */
export interface StartOptions extends CallOptions {
  /** Which try it is. */
  readonly attempt?: number;
  /** The task that it is another attempt at. */
  readonly retryOf?: string;
}

/** What a monitor needs of a monitored function to start it by name. */
export interface Startable {
  /** What its tasks are called. */
  readonly name: string;
  /** The JSON Schema of its input. */
  readonly input: JsonObject | null;
  /** Starts a run that reports to a certain monitor. */
  start(sink: ReportSink, options: StartOptions, args: unknown[]): TaskHandle<unknown>;
}

/** Where a monitored function keeps its {@linkcode Startable}. Global, as a program may hold this module twice. */
const STARTABLE: unique symbol = Symbol.for("taskscope.startable.v1") as never;

/** A function to monitor, which takes the task first. */
export type TaskFunction<This, Args extends unknown[], Result> = (
  this: This,
  task: MonitoredTask,
  ...args: Args
) => Result;

/**
 * Makes a monitored function.
 *
 * @param fn what to call, with the task first
 * @param options what the tasks are to be known as
 * @param sinkFor finds where reports go, for each call
 * @returns the function to call instead
 * @throws {ConfigError} where an option has a value that it can't have
 */
export function wrap<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options: MonitoredOptions,
  sinkFor: (options: MonitoredOptions) => ReportSink,
): MonitoredFunction<This, Args, Result> {
  return wrapChecked(fn, checked(options), sinkFor);
}

function wrapChecked<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options: MonitoredOptions,
  sinkFor: (options: MonitoredOptions) => ReportSink,
): MonitoredFunction<This, Args, Result> {
  function run(
    self: This,
    sink: ReportSink,
    options: MonitoredOptions,
    args: Args,
    start: Pick<RunSettings, "attempt" | "retryOf" | "retryable"> = {},
  ): TaskHandle<Awaited<Result>> {
    const settings = { ...settingsOf(options, fn.name), ...start };
    return startRun((task) => fn.call(self, task, ...args), sink, settings);
  }

  function call(this: This, ...args: Args): Promise<Awaited<Result>> {
    try {
      return run(this, sinkFor(options), options, args).done;
    } catch (error) {
      // Only the choice of the monitor can throw here; what the function throws is in its outcome.
      return Promise.reject(error);
    }
  }

  const startable: Startable = {
    name: nameOf(options, fn.name),
    input: options.input ?? null,
    start: (sink, { attempt = 1, retryOf, ...overrides }, args) => {
      const all = { ...options, ...checked(overrides) };
      const start = { attempt, ...(retryOf !== undefined && { retryOf }), retryable: true };
      return run(undefined as This, sink, all, args as Args, start);
    },
  };
  Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    length: { value: Math.max(0, fn.length - 1), configurable: true },
    [STARTABLE]: { value: startable },
  });
  return Object.assign(call, {
    start: (...args: Args) => run(undefined as This, sinkFor(options), options, args),
    with: (overrides: CallOptions) => wrapChecked(fn, { ...options, ...checked(overrides) }, sinkFor),
  });
}

function settingsOf(options: MonitoredOptions, functionName: string): RunSettings {
  return {
    name: nameOf(options, functionName),
    client: options.client ?? defaultClient(),
    id: options.id,
    tags: options.tags ?? [],
    metadata: options.metadata ?? {},
    staleAfterMs: options.staleAfterMs,
    signal: options.signal,
  };
}

function nameOf(options: MonitoredOptions, functionName: string): string {
  return options.name ?? (functionName === "" ? "task" : functionName);
}

function defaultClient(): string {
  const named = readVariable("TASKSCOPE_CLIENT");
  return named !== undefined && isClientToken(named) ? named : DEFAULT_CLIENT;
}

/** Checks options when they are given, so that no call of the function can fail because of them. */
function checked<Options extends MonitoredOptions>(options: Options): Options {
  if (options.client !== undefined && !isClientToken(options.client)) {
    throw wrong("client", 'a client token such as "default"', options.client);
  }
  if (options.id !== undefined && !isTaskId(options.id)) throw wrong("id", "a task id", options.id);
  if (options.server !== undefined && parseServerAddress(options.server) === null) {
    throw wrong("server", 'an address such as "http://127.0.0.1:8000"', options.server);
  }
  if (options.key !== undefined && !/^[\x21-\x7e]{1,2048}$/.test(options.key)) {
    // Whatever came may be part of it.
    throw wrong("key", "ASCII without spaces", `${options.key.length} characters`);
  }
  const { staleAfterMs } = options;
  if (staleAfterMs !== undefined && !(Number.isFinite(staleAfterMs) && staleAfterMs > 0)) {
    throw wrong("staleAfterMs", "a number of milliseconds above 0", staleAfterMs);
  }
  try {
    parseChange({
      type: "create",
      name: options.name ?? "task",
      tags: options.tags,
      metadata: options.metadata,
    });
  } catch (error) {
    throw new ConfigError(`Cannot monitor function: ${(error as Error).message}`, { cause: error });
  }
  return options;
}

function wrong(option: string, wanted: string, received: unknown): ConfigError {
  return new ConfigError(
    `Cannot monitor function: "${option}" must be ${wanted}, received ${String(received)}`,
  );
}

/** What starts a monitored function by name. */
export function startableOf(fn: object): Startable | undefined {
  return STARTABLE in fn ? fn[STARTABLE] as Startable : undefined;
}
