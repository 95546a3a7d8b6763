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

import { pageRenderer } from "../ui/server/pages.ts";
import { Keyring } from "./access/keyring.ts";
import { ChannelServer } from "./registry/channel_server.ts";
import { randomId } from "./random_id.ts";
import { checkChannelIsFree } from "./channel/authority.ts";
import {
  type AccessOptions,
  type MonitorLimits,
  resolveAccess,
  resolveChannel,
  type ResolvedStorage,
  resolveLimits,
  resolveStorage,
} from "./config.ts";
import { ConfigError } from "./errors.ts";
import { Handler } from "./http/handler.ts";
import { type Authorize, Gate } from "./http/gate.ts";
import { Hub } from "./hub/hub.ts";
import { LocalSink } from "./registry/local_sink.ts";
import { moduleSource } from "./http/pages/module_source.ts";
import { Notifier } from "./notify/notifier.ts";
import { type NotifyOptions, resolveNotify } from "./notify/options.ts";
import type { DeliveryCounts } from "./notify/receiver_queue.ts";
import type { MonitoredTask, TaskHandle } from "./reporter/monitored_task.ts";
import {
  type CallOptions,
  type MonitoredFunction,
  type MonitoredOptions,
  type Startable,
  startableOf,
  wrap,
} from "./reporter/wrap.ts";
import { Registry } from "./registry/registry.ts";
import type { TaskReader } from "./registry/registry_types.ts";
import type { ReportSink } from "./reporter/report_sink.ts";
import { registerMonitor } from "./reporter/local_monitors.ts";
import { MemoryStore } from "./store/memory/memory_store.ts";
import { SqliteStore } from "./store/sqlite/sqlite_store.ts";
import type { Durability, TaskStore } from "./store/store.ts";
import type { JsonObject } from "./task/task.ts";
import { withTimeout } from "./timeout.ts";
import { VERSION } from "./version.ts";

export { AmbiguousMonitorError, ConfigError, LimitError, ProtocolError, StorageError } from "./errors.ts";
export { ChannelConflictError } from "./channel/authority.ts";
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
export type { Access } from "./access/grant.ts";
export type { Authorize } from "./http/gate.ts";
export { NOTIFY_EVENTS } from "./notify/events.ts";
export type { NotifyEvent } from "./notify/events.ts";
export type { NotifyOptions } from "./notify/options.ts";
export type { DeliveryCounts } from "./notify/receiver_queue.ts";
export type { Cursor } from "./task/cursor.ts";
export type { Durability } from "./store/store.ts";
export type { TaskReader } from "./registry/registry_types.ts";
export { TASK_STATES } from "./task/task.ts";
export type {
  EtaReason,
  JsonObject,
  JsonValue,
  Task,
  TaskError,
  TaskState,
  UpdateChange,
} from "./task/task.ts";

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
  /**
   * Decides on every request that is about tasks, after the key, if there is one. By default all are allowed that pass
   * the host and origin rules.
   */
  readonly authorize?: Authorize;
  /**
   * The name that workers of this process find the monitor by. Several monitors in one process need different ones.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
  /**
   * The file that tasks are kept in, an SQLite database; `":memory:"` keeps them as long as the monitor lives.
   *
   * @default {":memory:"}
   */
  readonly data?: string;
  /**
   * What a commit to the file survives: `"normal"` the end of the process however it comes, `"full"` a power cut, too.
   *
   * @default {"normal"}
   */
  readonly durability?: Durability;
  /** Other values for bounds. */
  readonly limits?: Partial<MonitorLimits>;
  /**
   * Addresses that are sent a POST when a task ends: JSON `{event, delivery_id, client, at, task}`, `task` being the
   * record. Answers of 2xx count as taken; all others but 410 are tried again for a day. With a file it outlives the
   * process. The same end may be told more than once, with the same `delivery_id`.
   */
  readonly notify?: readonly NotifyOptions[];
  /**
   * Signs what is sent to those addresses: `taskscope-signature: v1=<hex>` is the HMAC-SHA256 of the value of
   * `taskscope-timestamp`, a dot, and the body. Without it nothing is signed.
   */
  readonly notifySecret?: string;
  /** Is given errors that nobody expected; the default writes them to the console. */
  readonly onError?: (error: unknown) => void;
  /** Is given what an operator should know, such as an address that can't be told; by default the console is. */
  readonly onNotice?: (text: string) => void;
}

/** The part of `Deno.ServeHandlerInfo` that is used. */
export interface ConnectionInfo {
  /** The other end of the connection. */
  readonly remoteAddr: Deno.Addr;
}

/** A registry with everything that shows it. */
export interface Monitor extends AsyncDisposable {
  /**
   * Answers a request: the page, REST, WebSockets and event streams. For `Deno.serve`.
   *
   * @param request what came
   * @param info where it came from; needed only to count wrong keys by address
   */
  fetch(this: void, request: Request, info?: ConnectionInfo): Response | Promise<Response>;
  /** `monitored()` for functions that report to this monitor and no other. */
  monitored<This, Args extends unknown[], Result>(
    this: void,
    fn: (this: This, task: MonitoredTask, ...args: Args) => Result,
    options?: MonitoredOptions,
  ): MonitoredFunction<This, Args, Result>;
  /** The tasks. */
  readonly registry: TaskReader;
  /** How many sockets and event streams are open. */
  readonly watchers: number;
  /** What became of the ends of tasks that are to be told to the addresses of `notify`, since the start. */
  readonly deliveries: DeliveryCounts;
  /**
   * Ends everything in order: takes no requests any more, tells watchers, aborts the `task.signal` of what runs and
   * waits for it, commits everything, closes the sockets, the event streams and the file.
   *
   * @param options how long what runs may take to end
   */
  shutdown(this: void, options?: ShutdownOptions): Promise<void>;
}

/** Options of {@linkcode Monitor.shutdown}. */
export interface ShutdownOptions {
  /**
   * How long tasks may take to end after their signals were aborted, in milliseconds. What has not ended then is
   * marked as interrupted.
   *
   * @default {2000}
   */
  readonly graceMs?: number;
}

/**
 * Makes a monitor. It listens to nothing by itself: give its `fetch` to a server.
 *
 * @param options what differs from the defaults
 * @returns the monitor, to be disposed of
 * @throws {ConfigError} where an option has a value that it can't have
 * @throws {ChannelConflictError} where a monitor of this isolate has the same channel
 * @throws {StorageError} where the file can't be used
 */
export function createMonitor(options: MonitorOptions = {}): Monitor {
  const { authorize = null, onError = logError, onNotice = logNotice } = options;
  const limits = resolveLimits(options.limits);
  const access = resolveAccess(options);
  const keyring = access.key === null ? null : new Keyring(access.key);
  const channel = resolveChannel(options.channel);

  const storage = resolveStorage(options);
  const receivers = resolveNotify(options.notify ?? [], limits.notifyReceivers);
  const startables = startablesOf(options.tasks ?? {}, () => sink);
  // All that can be wrong is known before the file is locked.
  checkChannelIsFree(channel);

  const store = openStore(storage, limits);
  const notifier = new Notifier({
    store,
    receivers,
    secret: options.notifySecret || null,
    limits,
    notice: onNotice,
  });
  const registry = new Registry({
    store,
    limits,
    unsavedEpoch: newEpoch(),
    onEnd: (client, stored) => notifier.ended(client, stored),
  });
  const sink: LocalSink = new LocalSink(registry);
  const authority = new ChannelServer({
    registry,
    channel,
    publishIntervalMs: limits.frameIntervalMs,
    reportError: onError,
  });
  const hub = new Hub(registry, { ...limits, reportError: onError });
  const handler = new Handler({
    registry,
    hub,
    sink,
    startables,
    limits,
    access,
    pages: pageRenderer(VERSION),
    module: moduleSource,
    keyring,
    operations: { deliveries: () => notifier.counts, storageBytes: () => sizeOf(storage.file) },
    gate: new Gate({ keyring, authorize, limits, proxies: access.trustedProxies, notice: onNotice }),
    reportError: onError,
  });
  store.onDegradation((degradation) =>
    onNotice(
      degradation === null
        ? "Tasks are stored again"
        : `Tasks can't be stored, and are kept in memory for now: ${degradation.error.message}`,
    )
  );
  const withdraw = registerMonitor(channel, sink);
  notifier.start();

  async function dispose(): Promise<void> {
    withdraw();
    sink[Symbol.dispose]();
    handler.close();
    hub[Symbol.dispose]();
    authority[Symbol.dispose]();
    registry[Symbol.dispose]();
    await notifier[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  }

  return {
    fetch: (request, info) => handler.handle(request, info === undefined ? "" : peerOf(info)),
    monitored: (fn, options = {}) => wrap(fn, options, () => sink),
    registry,
    get watchers() {
      return handler.watchers;
    },
    get deliveries() {
      return notifier.counts;
    },
    async shutdown({ graceMs = SHUTDOWN_GRACE_MS } = {}) {
      handler.beginClosing();
      registry.announceEnd();
      await withTimeout(whenIdle(registry), graceMs);
      registry.interruptAll("The server was shut down while the task ran");
      await Promise.all([hub.flush(), withTimeout(notifier.whenSettled(), NOTIFY_WAIT_MS)]);
      await dispose();
      // A server that is shut down now would be the first to close the sockets, without saying how they ended.
      await withTimeout(handler.whenClosed(), CLOSE_WAIT_MS);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** How long peers may take to confirm the ends of their sockets, and to take the rest of their streams, in milliseconds. */
const CLOSE_WAIT_MS = 500;

/** How long the last ends may take to be told, in milliseconds; what is not told then stays in the file. */
const NOTIFY_WAIT_MS = 1_000;

/** How long tasks may take to end when the monitor is shut down, in milliseconds. */
const SHUTDOWN_GRACE_MS = 2_000;

/** Resolves when no task of this process runs any more. */
function whenIdle(registry: Registry): Promise<void> {
  if (registry.runningCount === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const unsubscribe = registry.subscribe(() =>
      // The end of a task is told before it is counted.
      queueMicrotask(() => {
        if (registry.runningCount > 0) return;
        unsubscribe();
        resolve();
      })
    );
  });
}

function openStore({ file, durability }: ResolvedStorage, limits: MonitorLimits): TaskStore {
  const epoch = newEpoch();
  if (file === null) return new MemoryStore(limits, epoch);
  return new SqliteStore({ file, durability, epoch, limits, commitIntervalMs: limits.commitIntervalMs });
}

/** With what is not in the file itself yet. */
function sizeOf(file: string | null): number | null {
  if (file === null) return null;
  let bytes = 0;
  for (const part of [file, `${file}-wal`]) {
    try {
      bytes += Deno.statSync(part).size;
    } catch {
      // It is not there, or may not be looked at.
    }
  }
  return bytes;
}

function peerOf({ remoteAddr }: ConnectionInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "";
}

function newEpoch(): string {
  return randomId().slice(0, 12);
}

function startablesOf(
  tasks: Readonly<Record<string, TaskDefinition>>,
  sinkOf: () => ReportSink,
): ReadonlyMap<string, Startable> {
  return new Map(Object.entries(tasks).map(([name, task]) => [name, registered(name, task, sinkOf)]));
}

function registered(name: string, task: TaskDefinition, sinkOf: () => ReportSink): Startable {
  if (name === "" || name.length > 200) {
    throw new ConfigError(
      `Cannot register task: wanted a name of 1 to 200 characters, received ${name.length}`,
    );
  }
  if (typeof task !== "function" && (typeof task !== "object" || task === null)) {
    throw new ConfigError(`Cannot register task "${name}": wanted a function, received ${typeof task}`);
  }
  const monitored = startableOf(task);
  if (monitored !== undefined) return monitored;
  const { fn, input } = "fn" in task ? task : { fn: task as AnyTaskFunction, input: undefined };
  if (typeof fn !== "function") {
    throw new ConfigError(`Cannot register task "${name}": wanted a function, received ${typeof fn}`);
  }
  return startableOf(wrap(fn, { name, ...(input !== undefined && { input }) }, sinkOf))!;
}

function logError(error: unknown): void {
  // Somebody has to hear of it, and nobody said who.
  // deno-lint-ignore no-console
  console.error("[taskscope]", error);
}

function logNotice(text: string): void {
  // deno-lint-ignore no-console -- as above
  console.warn(`[taskscope] ${text}`);
}
