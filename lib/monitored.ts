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
import { DEFAULT_CHANNEL } from "./task/grammar.ts";
import { defaultKey } from "./reporter/default_key.ts";
import type { ReportSink } from "./reporter/report_sink.ts";
import { remoteSink } from "./remote/remote_sink.ts";
import { localMonitor } from "./reporter/local_monitors.ts";
import type { MonitoredTask } from "./reporter/monitored_task.ts";
import { type AnyGenerator, generatorFunctionKind } from "./reporter/monitored_generator.ts";
import { fallbackServer, parseServerAddress } from "./reporter/server_address.ts";
import {
  type MonitoredFunction,
  type MonitoredGeneratorFunction,
  type MonitoredOptions,
  type TaskFunction,
  wrap,
} from "./reporter/wrap.ts";

export { AmbiguousMonitorError, ConfigError, ProtocolError } from "./errors.ts";
export { currentTask } from "./reporter/current_task.ts";
export type {
  ChildOptions,
  MonitoredChild,
  MonitoredTask,
  TaskHandle,
  TrackOptions,
} from "./reporter/monitored_task.ts";
export type { TaskUpdate } from "./reporter/task_update.ts";
export type { JsonObject, JsonValue, LogLevel, LogLineTraits, LogStream, UpdateChange } from "./task/task.ts";
export type { ValuePoint, Values } from "./task/values.ts";
export type { AnyGenerator } from "./reporter/monitored_generator.ts";
export type {
  CallOptions,
  GeneratorResult,
  MonitoredFunction,
  MonitoredGeneratorFunction,
  MonitoredOptions,
  TaskFunction,
  Wrapper,
} from "./reporter/wrap.ts";

/** A method that returns a promise. */
export type AsyncMethod<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Result>;

/** A method that returns a generator. */
export type GeneratorMethod<This, Args extends unknown[], Result extends AnyGenerator> = (
  this: This,
  ...args: Args
) => Result;

/** A decorator for methods that return a promise or a generator. */
export interface MonitoredDecorator {
  /** Decorates a method that returns a promise. */
  <This, Args extends unknown[], Result>(
    method: AsyncMethod<This, Args, Result>,
    context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
  ): AsyncMethod<This, Args, Result>;
  /** Decorates a method that returns a generator. */
  <This, Args extends unknown[], Result extends AnyGenerator>(
    method: GeneratorMethod<This, Args, Result>,
    context: ClassMethodDecoratorContext<This, GeneratorMethod<This, Args, Result>>,
  ): GeneratorMethod<This, Args, Result>;
}

/**
 * Wraps a function that never returns, because it always throws. This overload behaves like the other
 * overloads.
 *
 * @typeParam This the type of `this` in the function
 * @typeParam Args the types of the arguments after the task
 * @param fn the function to call, with the task as its first argument
 * @param options the options for the tasks of its calls
 * @returns the function to call instead of `fn`
 * @throws {ConfigError} if an option is invalid
 */
export function monitored<This, Args extends unknown[]>(
  fn: TaskFunction<This, Args, never>,
  options?: MonitoredOptions,
): MonitoredFunction<This, Args, never>;
/**
 * Wraps a generator function so that each of its generators runs as a task. The returned function creates
 * generators of the same kind that behave like the original generators: same values, return value and thrown
 * errors.
 *
 * The function is called, and the task begins, with the first `next()`. The task ends as
 *
 * - `FINISHED` if the generator returns, or is left early with `return()`, for example by a `break`
 * - `ERROR` if the generator throws an error, or does not catch an error from `throw()`
 * - `CANCELLED` if the generator returns or throws because of a cancellation; a suspended generator notices
 *   the cancellation when it is resumed
 * - `ERROR` of the type `abandoned` if the generator is dropped and garbage-collected before its end
 *
 * A function that returns a generator is treated like a generator function, but its task begins with the
 * call. A promise of a generator, any other iterator, a stream and a `Response` are results like any others:
 * the task ends when the function returns them. Declare the return type of a generator function as
 * `Generator` or `AsyncGenerator`, or leave it out: for `Iterable`, TypeScript would choose the overload that
 * returns a promise.
 *
 * @example A generator that reports its progress
 * ```ts
 * import { monitored } from "@taskscope/taskscope/monitored";
 *
 * const pages = monitored(async function* (task, last: number) {
 *   for (let page = 1; page <= last; page++) {
 *     await task.update({ current: page, total: last, unit: "pages" });
 *     yield `page ${page}`;
 *   }
 * }, { name: "pages" });
 *
 * const seen: string[] = [];
 * for await (const page of pages(3)) seen.push(page);
 * if (seen.join() !== "page 1,page 2,page 3") throw new Error("not all pages");
 * ```
 *
 * @example A stream that is monitored to its end
 * ```ts
 * import { monitored } from "@taskscope/taskscope/monitored";
 *
 * const download = monitored(async function* (task, response: Response) {
 *   let current = 0;
 *   for await (const chunk of response.body ?? []) {
 *     await task.update({ current: current += chunk.length, unit: "B" });
 *     yield chunk;
 *   }
 * }, { name: "download" });
 *
 * const text = await new Response(ReadableStream.from(download(new Response("a text")))).text();
 * if (text !== "a text") throw new Error("not downloaded");
 * ```
 *
 * @typeParam This the type of `this` in the function
 * @typeParam Args the types of the arguments after the task
 * @typeParam Result the type of the generators
 * @param fn the function to call, with the task as its first argument
 * @param options the options for the tasks of its generators
 * @returns the function to call instead of `fn`; the first `next()` throws
 * {@linkcode AmbiguousMonitorError} if several monitors run in the isolate and `channel` is not set
 * @throws {ConfigError} if an option is invalid
 */
export function monitored<This, Args extends unknown[], Result extends AnyGenerator>(
  fn: TaskFunction<This, Args, Result>,
  options?: MonitoredOptions,
): MonitoredGeneratorFunction<This, Args, Result>;
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
 * @example A generic function, whose type TypeScript does not infer
 * ```ts
 * import { monitored, type MonitoredTask } from "@taskscope/taskscope/monitored";
 *
 * function last<Item>(_task: MonitoredTask, items: Item[]): Item | undefined {
 *   return items.at(-1);
 * }
 *
 * // With a declared type, the function stays generic, but the type has no start() and with().
 * const anyLast: <Item>(items: Item[]) => Promise<Item | undefined> = monitored(last);
 * // With a type argument, the function has start() and with(), but only for items of one type.
 * const lastText = monitored(last<string>);
 *
 * const text: string | undefined = await anyLast(["a", "b"]) ?? await lastText.start(["c"]).done;
 * if (text !== "b") throw new Error("not the last item");
 * ```
 *
 * @example An overloaded function, of which TypeScript sees only the last signature
 * ```ts
 * import { monitored, type MonitoredTask } from "@taskscope/taskscope/monitored";
 *
 * function parse(task: MonitoredTask, text: string): number;
 * function parse(task: MonitoredTask, texts: string[]): number[];
 * function parse(_task: MonitoredTask, given: string | string[]): number | number[] {
 *   return typeof given === "string" ? Number(given) : given.map(Number);
 * }
 *
 * interface Parse {
 *   (text: string): Promise<number>;
 *   (texts: string[]): Promise<number[]>;
 * }
 * const parseLater = monitored(parse) as unknown as Parse;
 *
 * const [two]: number[] = await parseLater(["2"]);
 * if (await parseLater("1") + two! !== 3) throw new Error("not parsed");
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
 * {@linkcode currentTask}, best as the default value of its last parameter. The method must return a promise
 * or be a generator function.
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
): unknown {
  if (typeof first === "function") return wrap(first, options, findSink);
  return decoratorOf(first ?? {});
}

function decoratorOf(options: MonitoredOptions): MonitoredDecorator {
  return function decorate<
    This,
    Args extends unknown[],
    Method extends (this: This, ...args: Args) => unknown,
  >(
    method: Method,
    context: ClassMethodDecoratorContext,
  ): Method {
    function withoutTask(this: This, _task: MonitoredTask, ...args: Args): unknown {
      return method.apply(this, args);
    }
    // The monitored function takes its name and length from this function.
    Object.defineProperties(withoutTask, {
      name: { value: method.name },
      length: { value: method.length + 1 },
    });
    const named = { name: String(context.name), ...options };
    return wrap(withoutTask, named, findSink, generatorFunctionKind(method)) as unknown as Method;
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
  return key ?? defaultKey();
}
