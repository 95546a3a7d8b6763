/**
 * Shows a long-running function live: wrap it in {@linkcode monitored} and say how far it is.
 *
 * @example A function that says how far it is
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
 * Makes a function whose calls are seen as tasks. The new function takes the arguments behind the first one, which is
 * the task, returns a promise, and otherwise behaves as the function itself: same `this`, arguments, result and thrown
 * error. A report that fails never reaches the function.
 *
 * Reports go to the server of the option `server`; else to the monitor of the same isolate; else to one in another
 * isolate of the process, which is found by its channel; else to the server of `TASKSCOPE_SERVER`; else to the one that
 * this module was loaded from; else nowhere, which is said once.
 *
 * @typeParam This what `this` is in the function
 * @typeParam Args the arguments behind the task
 * @typeParam Result what the function returns
 * @param fn what to call, with the task first
 * @param options what the tasks are to be known as
 * @returns the function to call instead
 * @throws {ConfigError} where an option has a value that it can't have
 * @throws {AmbiguousMonitorError} when it is called while several monitors run in the isolate
 */
export function monitored<This, Args extends unknown[], Result>(
  fn: TaskFunction<This, Args, Result>,
  options?: MonitoredOptions,
): MonitoredFunction<This, Args, Result>;
/**
 * Decorates a method so that its calls are seen as tasks. The method keeps its parameters; it gets its task from
 * {@linkcode currentTask}, best as the default value of a last parameter.
 *
 * @example
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
 * @param options what the tasks are to be known as
 * @returns the decorator
 * @throws {ConfigError} where an option has a value that it can't have
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
  return localMonitor(options.channel) ?? channelSink(channel, () => otherSink(options), key);
}

/** Where reports go that no monitor of this process takes. */
function otherSink(options: MonitoredOptions): ReportSink | null {
  const server = fallbackServer();
  return server === null ? null : remoteSink(server, keyOf(options));
}

function keyOf({ key }: MonitoredOptions): string | null {
  return key ?? (readVariable("TASKSCOPE_KEY") || null);
}
