/**
 * Monitors a long-running function: wrap it with {@linkcode monitored} and report its progress.
 *
 * @example A function that reports its progress
 * ```ts
 * import { monitored } from "@taskscope/taskscope/monitored";
 *
 * const double = monitored(async (task, numbers: number[]) => {
 *   const doubled: number[] = [];
 *   for await (const number of task.track(numbers)) doubled.push(number * 2);
 *   return doubled;
 * }, { name: "double" });
 *
 * if ((await double([1, 2, 3])).join() !== "2,4,6") throw new Error("not doubled");
 * ```
 *
 * @module
 */

import { channelSink } from "./channel/channel_sink.ts";
import { readVariable } from "./environment.ts";
import { DEFAULT_CHANNEL } from "./task/grammar.ts";
import type { ReportSink } from "./reporter/report_sink.ts";
import { remoteSink } from "./remote/remote_sink.ts";
import { localMonitor } from "./reporter/local_monitors.ts";
import type { MonitoredTask } from "./reporter/monitored_task.ts";
import { fallbackServer, parseServerAddress } from "./reporter/server_address.ts";
import { type MonitoredFunction, type MonitoredOptions, type TaskFunction, wrap } from "./reporter/wrap.ts";

export { AmbiguousMonitorError, ConfigError, ProtocolError } from "./errors.ts";
export { currentTask } from "./reporter/current_task.ts";
export type {
  ChildOptions,
  MonitoredChild,
  MonitoredTask,
  TaskHandle,
  TrackOptions,
} from "./reporter/monitored_task.ts";
export type { TaskUpdate } from "./reporter/task_reporter.ts";
export type { JsonObject, JsonValue, UpdateChange } from "./task/task.ts";
export type { CallOptions, MonitoredFunction, MonitoredOptions, TaskFunction } from "./reporter/wrap.ts";

/** A method that returns a promise. */
export type AsyncMethod<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Result>;

/** A decorator for methods that return a promise. */
export type MonitoredDecorator = <This, Args extends unknown[], Result>(
  method: AsyncMethod<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
) => AsyncMethod<This, Args, Result>;

/**
 * Wraps a function so that each call runs as a task. The first parameter of `fn` is the task; the returned
 * function takes the remaining arguments. The returned function returns a promise and otherwise behaves like
 * `fn`: same `this`, result and thrown error. A failure to report never affects the function.
 *
 * Each call reports to the first of these destinations that exists:
 *
 * 1. the server in the option `server`
 * 2. the monitor of the same isolate
 * 3. the monitor of another isolate of the process, found by its channel
 * 4. the server in the environment variable `TASKSCOPE_SERVER`
 * 5. the server that this module was imported from
 *
 * If none of them exists, the function runs unmonitored, and a warning is logged once.
 *
 * @example Subtasks, and a signal that stops the work
 * ```ts
 * import { monitored } from "@taskscope/taskscope/monitored";
 *
 * const deploy = monitored(async (task, hosts: string[]) => {
 *   for (const host of hosts) {
 *     using upload = task.child(`Upload to ${host}`);
 *     task.signal.throwIfAborted();
 *     await upload.update({ current: 5, total: 5, unit: "files" });
 *   }
 *   return hosts.length;
 * }, { name: "deploy", tags: ["production"] });
 *
 * const run = deploy.with({ metadata: { commit: "4878b06" } }).start(["a.example", "b.example"]);
 * // run.cancel() aborts task.signal.
 * if (await run.done !== 2) throw new Error("not deployed");
 * ```
 *
 * @typeParam This the type of `this` in the function
 * @typeParam Args the types of the arguments after the task
 * @typeParam Result the type that the function returns
 * @param fn the function to call, with the task as its first argument
 * @param options the options for the tasks of its calls
 * @returns the function to call instead of `fn`; it rejects with {@linkcode AmbiguousMonitorError} if several
 * monitors run in the isolate and `channel` is not set
 * @throws {ConfigError} if an option is invalid
 */
export function monitored<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options?: MonitoredOptions,
): MonitoredFunction<This, Args, Result>;
/**
 * Decorates a method so that each call runs as a task. The method keeps its parameters and gets its task from
 * {@linkcode currentTask}, best as the default value of its last parameter.
 *
 * @example A method that reports its progress
 * ```ts
 * import { currentTask, monitored } from "@taskscope/taskscope/monitored";
 *
 * class Importer {
 *   @monitored()
 *   async load(path: string, task = currentTask()): Promise<string> {
 *     await task.update({ progress: 50, status: `Reading ${path}` });
 *     return path.toUpperCase();
 *   }
 * }
 *
 * if (await new Importer().load("a.csv") !== "A.CSV") throw new Error("not loaded");
 * ```
 *
 * @param options the options for the tasks of its calls
 * @returns the decorator
 * @throws {ConfigError} if an option is invalid
 */
export function monitored(options?: MonitoredOptions): MonitoredDecorator;
export function monitored<This, Args extends unknown[], Result>(
  first?: TaskFunction<This, Args, Result> | MonitoredOptions,
  options: MonitoredOptions = {},
): MonitoredFunction<This, Args, Result> | MonitoredDecorator {
  if (typeof first === "function") return wrap(first, options, findSink);
  return decoratorOf(first ?? {});
}

function decoratorOf(options: MonitoredOptions): MonitoredDecorator {
  return function decorate<This, Args extends unknown[], Result>(
    method: AsyncMethod<This, Args, Result>,
    context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
  ): AsyncMethod<This, Args, Result> {
    function withoutTask(this: This, _task: MonitoredTask, ...args: Args): Promise<Result> {
      return method.apply(this, args);
    }
    const named = { name: String(context.name), ...options };
    return wrap(withoutTask, named, findSink) as AsyncMethod<This, Args, Result>;
  };
}

function findSink(options: MonitoredOptions): ReportSink {
  const server = options.server === undefined ? null : parseServerAddress(options.server);
  if (server !== null) return remoteSink(server, keyOf(options));
  const { channel = DEFAULT_CHANNEL, key } = options;
  return localMonitor(options.channel) ?? channelSink(channel, () => sinkElsewhere(options), key);
}

/** Returns the sink for reports if this process has no monitor; `null` if no server is known. */
function sinkElsewhere(options: MonitoredOptions): ReportSink | null {
  const server = fallbackServer();
  return server === null ? null : remoteSink(server, keyOf(options));
}

function keyOf({ key }: MonitoredOptions): string | null {
  return key ?? (readVariable("TASKSCOPE_KEY") || null);
}
