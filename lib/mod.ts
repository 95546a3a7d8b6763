/**
 * The entry point of the library: a monitor to embed in your own server.
 *
 * @example A monitor next to the other routes of a server
 * ```ts
 * import { createMonitor } from "@taskscope/taskscope";
 *
 * await using monitor = createMonitor({ basePath: "/monitor", channel: "example" });
 * const square = monitor.monitored(async (task, n: number) => {
 *   await task.update({ progress: 50, status: "Multiplying" });
 *   return n * n;
 * }, { name: "square" });
 *
 * // Deno.serve((request, info) =>
 * //   new URL(request.url).pathname.startsWith("/monitor") ? monitor.fetch(request, info) : …)
 * if (await square(3) !== 9) throw new Error("wrong result");
 * if (monitor.registry.tasks("default")[0]?.state !== "FINISHED") throw new Error("not reported");
 * ```
 *
 * @module
 */

export { AmbiguousMonitorError, ConfigError, LimitError, ProtocolError, StorageError } from "./errors.ts";
export { ChannelConflictError } from "./channel/authority.ts";
export { currentTask, monitored } from "./monitored.ts";
export type {
  AnyGenerator,
  AsyncMethod,
  CallOptions,
  ChildOptions,
  GeneratorMethod,
  GeneratorResult,
  LogLevel,
  LogLineTraits,
  LogStream,
  MonitoredChild,
  MonitoredDecorator,
  MonitoredFunction,
  MonitoredGeneratorFunction,
  MonitoredOptions,
  MonitoredTask,
  TaskFunction,
  TaskHandle,
  TaskUpdate,
  TrackOptions,
  Wrapper,
} from "./monitored.ts";
export type { AccessOptions } from "./config/access_options.ts";
export type { MonitorLimits } from "./config/limits.ts";
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
export type { ValuePoint, Values } from "./task/values.ts";
export { createMonitor, openMonitor } from "./monitor/create_monitor.ts";
export type { ConnectionInfo, Monitor, ShutdownOptions } from "./monitor/monitor.ts";
export type {
  AnyMonitoredFunction,
  AnyTaskFunction,
  MonitorOptions,
  TaskDefinition,
} from "./monitor/monitor_options.ts";
