/**
 * Implements `monitored()`: wraps a function so that each call runs as a task.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { parseChange } from "../task/protocol.ts";
import { isClientToken, isTaskId } from "../task/grammar.ts";
import { defaultClient } from "./default_client.ts";
import { isKey } from "./default_key.ts";
import type { ReportSink } from "./report_sink.ts";
import type { MonitoredTask, TaskHandle } from "./monitored_task.ts";
import {
  type AnyGenerator,
  generatorFunctionKind,
  type GeneratorKind,
  monitorGenerator,
} from "./monitored_generator.ts";
import type { RunSettings } from "./run.ts";
import { beginGenerator, callRun, startRun } from "./start_run.ts";
import { parseServerAddress } from "./server_address.ts";
import type { JsonObject } from "../task/task.ts";

/** Options of a single call, passed to `with()`. */
export interface CallOptions {
  /**
   * The client token that the task belongs to: 1 to 128 characters.
   *
   * @default {"TASKSCOPE_CLIENT, else \"default\""}
   */
  readonly client?: string;
  /**
   * The task's id, which can be used for only one run.
   *
   * @default {"a new ULID"}
   */
  readonly id?: string;
  /** Tags to filter by: at most 32, of at most 64 characters each. */
  readonly tags?: readonly string[];
  /** Additional data to display with the task: at most 16 KiB of JSON. */
  readonly metadata?: JsonObject;
  /** A signal that cancels the run when it is aborted. Watchers can also cancel the run. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode monitored}. */
export interface MonitoredOptions extends CallOptions {
  /**
   * The name of the tasks, at most 200 characters.
   *
   * @default {"the function's name"}
   */
  readonly name?: string;
  /**
   * The address of the server to report to, such as `http://127.0.0.1:8000`. This address takes precedence
   * over any other destination.
   *
   * @default {"a monitor in this process, else TASKSCOPE_SERVER, else the server that this module was
   * imported from"}
   */
  readonly server?: string;
  /**
   * The server's key, or a token that allows reporting. A monitor in the same process needs no key.
   *
   * @default the environment variable `TASKSCOPE_KEY`, if it may be read
   */
  readonly key?: string;
  /**
   * The JSON Schema of the function's input, from which the page builds a form. The schema describes the only
   * argument, or, with `"type": "array"` and `prefixItems`, the list of arguments. The schema's `title` and
   * `description` are displayed.
   */
  readonly input?: JsonObject;
  /**
   * The number of milliseconds without a report after which the task is marked as stale. By default, the task
   * is never marked as stale.
   */
  readonly staleAfterMs?: number;
  /**
   * The channel of the monitor to report to, which is needed only if the process has several monitors.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
}

/** A function whose calls run as tasks. */
export interface MonitoredFunction<This, Args extends unknown[], Result> {
  /**
   * Calls the function. The call behaves like a call of the original function, but always returns a promise.
   * As with any promise, a rejection that no code awaits counts as unhandled, unlike that of
   * {@linkcode MonitoredFunction.start}.
   */
  (this: This, ...args: Args): Promise<Awaited<Result>>;
  /** Calls the function and returns a handle for the run. */
  start(...args: Args): TaskHandle<Awaited<Result>>;
  /** Returns the same function with other options. */
  with(options: CallOptions): MonitoredFunction<This, Args, Result>;
}

/** A generator function whose generators run as tasks. */
export interface MonitoredGeneratorFunction<This, Args extends unknown[], Result extends AnyGenerator> {
  /**
   * Creates a generator that behaves like a generator of the original function. Its task begins with the
   * first `next()`.
   */
  (this: This, ...args: Args): Result;
  /** Creates a generator, runs it to its end without a consumer, and returns a handle for the run. */
  start(...args: Args): TaskHandle<GeneratorResult<Result>>;
  /** Returns the same function with other options. */
  with(options: CallOptions): MonitoredGeneratorFunction<This, Args, Result>;
}

/** The type of the value that a generator returns. */
export type GeneratorResult<Iterator extends AnyGenerator> = Iterator extends
  Generator<unknown, infer Return, never> | AsyncGenerator<unknown, infer Return, never> ? Return : never;

/** A function that wraps other functions so that their calls run as tasks, like {@linkcode monitored}. */
export interface Wrapper {
  /** Wraps a function that never returns. */
  <This, Args extends unknown[]>(
    fn: TaskFunction<This, Args, never>,
    options?: MonitoredOptions,
  ): MonitoredFunction<This, Args, never>;
  /** Wraps a generator function, or a function that returns a generator. */
  <This, Args extends unknown[], Result extends AnyGenerator>(
    fn: TaskFunction<This, Args, Result>,
    options?: MonitoredOptions,
  ): MonitoredGeneratorFunction<This, Args, Result>;
  /** Wraps any other function. */
  <This, Args extends unknown[], Result>(
    fn: TaskFunction<This, Args, Result>,
    options?: MonitoredOptions,
  ): MonitoredFunction<This, Args, Result>;
}

/** Options of a run that a monitor starts, by the name of a registered function. */
export interface StartOptions extends CallOptions {
  /** The number of the attempt: 1 for the first run, 2 for the first retry, and so on. */
  readonly attempt?: number;
  /** The id of the task that this run retries. */
  readonly retryOf?: string;
}

/** The interface through which a monitor starts a registered function. */
export interface Startable {
  /** The name of the function's tasks. */
  readonly name: string;
  /** The JSON Schema of the function's input; `null` if the function has none. */
  readonly input: JsonObject | null;
  /** Starts a run that reports to the given sink. */
  start(sink: ReportSink, options: StartOptions, args: unknown[]): TaskHandle<unknown>;
}

/**
 * The property that holds a monitored function's {@linkcode Startable}. The symbol is global because a
 * program may load this module more than once.
 */
const STARTABLE: unique symbol = Symbol.for("taskscope.startable.v1") as never;

/** A function to monitor. The first parameter of the function is the task. */
export type TaskFunction<This, Args extends unknown[], Result> = (
  this: This,
  task: MonitoredTask,
  ...args: Args
) => Result;

/**
 * Creates a monitored function.
 *
 * @param fn the function to call, with the task as its first argument
 * @param options the options for the tasks of its calls
 * @param sinkFor returns the sink for each call
 * @param kind the kind of generator that `fn` creates; `null` if it is no generator function
 * @returns the function to call instead of `fn`; a {@linkcode MonitoredGeneratorFunction} if `fn` returns
 * generators
 * @throws {ConfigError} if an option is invalid
 */
export function wrap<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options: MonitoredOptions,
  sinkFor: (options: MonitoredOptions) => ReportSink,
  kind: GeneratorKind | null = generatorFunctionKind(fn),
): MonitoredFunction<This, Args, Result> {
  return wrapChecked(fn, checked(options), sinkFor, kind);
}

/**
 * Creates a function like {@linkcode monitored} that reports to one destination.
 *
 * @param sinkFor returns the sink for each call
 * @returns the function
 */
export function wrapperFor(sinkFor: (options: MonitoredOptions) => ReportSink): Wrapper {
  const wrapAny = (fn: TaskFunction<unknown, unknown[], unknown>, options: MonitoredOptions = {}): unknown =>
    wrap(fn, options, sinkFor);
  // The overloads of {@linkcode Wrapper} describe the result more precisely than the type that `wrap()`
  // returns.
  return wrapAny as Wrapper;
}

function wrapChecked<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options: MonitoredOptions,
  sinkFor: (options: MonitoredOptions) => ReportSink,
  kind: GeneratorKind | null,
): MonitoredFunction<This, Args, Result> {
  function call(this: This, ...args: Args): unknown {
    const code = (task: MonitoredTask) => fn.call(this, task, ...args);
    if (kind !== null) {
      return monitorGenerator(
        kind,
        () => beginGenerator(code, sinkFor(options), settingsOf(options, fn.name)),
      );
    }
    try {
      return callRun(code, sinkFor(options), settingsOf(options, fn.name));
    } catch (error) {
      // Only `sinkFor` can throw here, because an error that `fn` throws rejects the promise.
      return Promise.reject(error);
    }
  }

  function start(
    sink: ReportSink,
    options: MonitoredOptions,
    args: Args,
    run: StartSettings = {},
  ): TaskHandle<Awaited<Result>> {
    const settings = { ...settingsOf(options, fn.name), ...run };
    const handle = startRun((task) => fn.call(undefined as This, task, ...args), sink, settings);
    return handle as TaskHandle<Awaited<Result>>;
  }

  const startable: Startable = {
    name: nameOf(options, fn.name),
    input: options.input ?? null,
    start: (sink, { attempt = 1, retryOf, ...overrides }, args) => {
      const all = { ...options, ...checked(overrides) };
      const run = { attempt, ...(retryOf !== undefined && { retryOf }), retryable: true };
      return start(sink, all, args as Args, run);
    },
  };
  Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    length: { value: Math.max(0, fn.length - 1), configurable: true },
    [STARTABLE]: { value: startable },
  });
  return Object.assign(call as MonitoredFunction<This, Args, Result>, {
    start: (...args: Args) => start(sinkFor(options), options, args),
    with: (overrides: CallOptions) => wrapChecked(fn, { ...options, ...checked(overrides) }, sinkFor, kind),
  });
}

/** The settings of a run that a monitor starts, by the name of a registered function. */
type StartSettings = Pick<RunSettings, "attempt" | "retryOf" | "retryable">;

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

/** Validates options when they are given, so that an invalid option can't make a call fail later. */
function checked<Options extends MonitoredOptions>(options: Options): Options {
  if (options.client !== undefined && !isClientToken(options.client)) {
    throw wrong("client", 'a client token such as "default"', options.client);
  }
  if (options.id !== undefined && !isTaskId(options.id)) throw wrong("id", "a task id", options.id);
  if (options.server !== undefined && parseServerAddress(options.server) === null) {
    throw wrong("server", 'an address such as "http://127.0.0.1:8000"', options.server);
  }
  if (options.key !== undefined && !isKey(options.key)) {
    // The message must not contain the value, which may be part of a key.
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

/** Returns the {@linkcode Startable} of a monitored function; `undefined` for any other object. */
export function startableOf(fn: object): Startable | undefined {
  return STARTABLE in fn ? fn[STARTABLE] as Startable : undefined;
}
