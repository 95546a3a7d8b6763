/**
 * A monitor to embed in a server of one's own.
 *
 * @example A monitor beside other things that a server does
 * ```ts
 * import { createMonitor } from "@taskscope/taskscope";
 *
 * await using monitor = createMonitor({ basePath: "/monitor", channel: "example" });
 * const square = monitor.monitored(async (task, n: number) => {
 *   await task.update({ progress: 50, status: "Multiplying" });
 *   return n * n;
 * }, { name: "square" });
 *
 * // Deno.serve((request) => new URL(request.url).pathname.startsWith("/monitor") ? monitor.fetch(request) : …)
 * if (await square(3) !== 9) throw new Error("wrong");
 * if (monitor.registry.tasks("default")[0]?.state !== "FINISHED") throw new Error("not seen");
 * ```
 *
 * @module
 */

import { pageRenderer } from "../ui/pages.ts";
import { Authority } from "./authority.ts";
import { randomId } from "./channel.ts";
import {
  type AccessOptions,
  type MonitorLimits,
  resolveAccess,
  resolveChannel,
  resolveLimits,
} from "./config.ts";
import { ConfigError } from "./errors.ts";
import { Handler } from "./http/handler.ts";
import type { Authorize } from "./http/context.ts";
import { Hub } from "./hub.ts";
import { LocalSink } from "./local_sink.ts";
import type { MonitoredTask, TaskHandle } from "./run.ts";
import {
  type CallOptions,
  type MonitoredFunction,
  type MonitoredOptions,
  type Startable,
  startableOf,
  wrap,
} from "./wrap.ts";
import { Registry, type TaskReader } from "./registry.ts";
import type { ReportSink } from "./reporter.ts";
import { announceMonitor } from "./routes.ts";
import { MemoryStore } from "./store/memory.ts";
import type { JsonObject } from "./task.ts";
import { VERSION } from "./version.ts";

export { AmbiguousMonitorError, ConfigError, LimitError, ProtocolError } from "./errors.ts";
export { ChannelConflictError } from "./channel_authority.ts";
export { currentTask, monitored } from "./monitored.ts";
export type {
  AsyncMethod,
  CallOptions,
  ChildOptions,
  MonitoredChild,
  MonitoredDecorator,
  MonitoredFunction,
  MonitoredOptions,
  MonitoredTask,
  TaskFunction,
  TaskHandle,
  TaskUpdate,
  TrackOptions,
} from "./monitored.ts";
export type { AccessOptions, MonitorLimits } from "./config.ts";
export type { Access, Authorize } from "./http/context.ts";
export type { Cursor } from "./protocol.ts";
export type { TaskReader } from "./registry.ts";
export { TASK_STATES } from "./task.ts";
export type { EtaReason, JsonObject, JsonValue, Task, TaskError, TaskState, UpdateChange } from "./task.ts";

/** A function that can be started by name, with the task first. */
// deno-lint-ignore no-explicit-any -- arguments come from outside as JSON, and each function checks its own
export type AnyTaskFunction = (task: MonitoredTask, ...args: any[]) => unknown;

/** What {@linkcode monitored} gives. Said without a call signature, so that plain functions get their types from one. */
export interface AnyMonitoredFunction {
  /** Starts a run. */
  start(...args: never[]): TaskHandle<unknown>;
  /** The same function with other options. */
  with(options: CallOptions): unknown;
}

/** A task that can be started by name: a function, a monitored one, or a function with the schema of its input. */
export type TaskDefinition =
  | AnyTaskFunction
  | AnyMonitoredFunction
  | { readonly fn: AnyTaskFunction; readonly input?: JsonObject };

/** Options of {@linkcode createMonitor}. */
export interface MonitorOptions extends AccessOptions {
  /** The tasks that can be started from the page and over REST, by name. */
  readonly tasks?: Readonly<Record<string, TaskDefinition>>;
  /** Decides on every request that is about tasks. By default all are allowed that pass the host and origin rules. */
  readonly authorize?: Authorize;
  /**
   * The name that workers of this process find the monitor by. Several monitors in one process need different ones.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
  /** Other values for bounds. */
  readonly limits?: Partial<MonitorLimits>;
  /** Is given errors that nobody expected; the default writes them to the console. */
  readonly onError?: (error: unknown) => void;
}

/** A registry with everything that shows it. */
export interface Monitor extends AsyncDisposable {
  /** Answers a request: the page, REST and WebSockets. For `Deno.serve`. */
  fetch(this: void, request: Request): Response | Promise<Response>;
  /** `monitored()` for functions that report to this monitor and no other. */
  monitored<This, Args extends unknown[], Result>(
    this: void,
    fn: (this: This, task: MonitoredTask, ...args: Args) => Result,
    options?: MonitoredOptions,
  ): MonitoredFunction<This, Args, Result>;
  /** The tasks. */
  readonly registry: TaskReader;
  /** How many sockets are open. */
  readonly watchers: number;
}

/**
 * Makes a monitor. It listens to nothing by itself: give its `fetch` to a server.
 *
 * @param options what differs from the defaults
 * @returns the monitor, to be disposed of
 * @throws {ConfigError} where an option has a value that it can't have
 * @throws {ChannelConflictError} where a monitor of this isolate has the same channel
 */
export function createMonitor(options: MonitorOptions = {}): Monitor {
  const { authorize = null, onError = logError } = options;
  const limits = resolveLimits(options.limits);
  const access = resolveAccess(options);
  const channel = resolveChannel(options.channel);

  const store = new MemoryStore(limits);
  const registry = new Registry({
    store,
    limits,
    epoch: randomId().slice(0, 12),
    sweepIntervalMs: limits.sweepIntervalMs,
  });
  const sink = new LocalSink(registry);
  const startables = startablesOf(options.tasks ?? {}, sink);
  const authority = new Authority({
    registry,
    channel,
    publishIntervalMs: limits.frameIntervalMs,
    reportError: onError,
  });
  const hub = new Hub(registry, limits);
  const handler = new Handler({
    registry,
    hub,
    sink,
    startables,
    limits,
    access,
    pages: pageRenderer(VERSION),
    authorize,
    reportError: onError,
  });
  const withdraw = announceMonitor(channel, sink);

  return {
    fetch: (request) => handler.handle(request),
    monitored: (fn, options = {}) => wrap(fn, options, () => sink),
    registry,
    get watchers() {
      return handler.watchers;
    },
    async [Symbol.asyncDispose]() {
      withdraw();
      sink[Symbol.dispose]();
      handler.close();
      hub[Symbol.dispose]();
      authority[Symbol.dispose]();
      registry[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function startablesOf(
  tasks: Readonly<Record<string, TaskDefinition>>,
  sink: ReportSink,
): ReadonlyMap<string, Startable> {
  return new Map(Object.entries(tasks).map(([name, task]) => [name, registered(name, task, sink)]));
}

function registered(name: string, task: TaskDefinition, sink: ReportSink): Startable {
  if (name === "" || name.length > 200) {
    throw new ConfigError(
      `Cannot register task: wanted a name of 1 to 200 characters, received ${name.length}`,
    );
  }
  const monitored = startableOf(task);
  if (monitored !== undefined) return monitored;
  const { fn, input } = "fn" in task ? task : { fn: task as AnyTaskFunction, input: undefined };
  if (typeof fn !== "function") {
    throw new ConfigError(`Cannot register task "${name}": wanted a function, received ${typeof fn}`);
  }
  return startableOf(wrap(fn, { name, ...(input !== undefined && { input }) }, () => sink))!;
}

function logError(error: unknown): void {
  // Somebody has to hear of it, and nobody said who.
  // deno-lint-ignore no-console
  console.error("[taskscope]", error);
}
