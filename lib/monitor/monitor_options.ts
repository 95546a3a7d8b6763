/**
 * The options of a monitor.
 *
 * @module
 */

import type { AccessOptions } from "../config/access_options.ts";
import type { MonitorLimits } from "../config/limits.ts";
import type { Authorize } from "../http/gate.ts";
import type { NotifyOptions } from "../notify/options.ts";
import type { MonitoredTask, TaskHandle } from "../reporter/monitored_task.ts";
import type { CallOptions } from "../reporter/wrap.ts";
import type { Durability } from "../store/store.ts";
import type { JsonObject } from "../task/task.ts";

/**
 * A function that can be started by the name that it is registered under. The first parameter of the function is the
 * task.
 */
// deno-lint-ignore no-explicit-any -- arguments arrive as JSON, and each function checks its own
export type AnyTaskFunction = (task: MonitoredTask, ...args: any[]) => unknown;

/**
 * The result of {@linkcode monitored}. The type has no call signature, so that the parameters of plain
 * functions are inferred from {@linkcode AnyTaskFunction} alone.
 */
export interface AnyMonitoredFunction {
  /** Starts a run. */
  start(...args: never[]): TaskHandle<unknown>;
  /** Returns the same function with other options. */
  with(options: CallOptions): unknown;
}

/**
 * A task that can be started by the name that it is registered under: a function, a monitored function, or a function
 * together with the schema of its input.
 */
export type TaskDefinition =
  | AnyTaskFunction
  | AnyMonitoredFunction
  | { readonly fn: AnyTaskFunction; readonly input?: JsonObject };

/** Options of {@linkcode createMonitor}. */
export interface MonitorOptions extends AccessOptions {
  /** The tasks that can be started from the page and over REST, by name. */
  readonly tasks?: Readonly<Record<string, TaskDefinition>>;
  /**
   * Decides whether a request about tasks is allowed; called after the checks of host, origin and key. For a
   * page, it is also called for the other tasks and the clients that the page would show, and the page leaves
   * out what it refuses. By default, every request that passes these checks is allowed.
   */
  readonly authorize?: Authorize;
  /**
   * The name of the `BroadcastChannel` over which workers of this process find the monitor, 1 to 128 characters. Two
   * monitors in one process need different names.
   *
   * @default {"taskscope"}
   */
  readonly channel?: string;
  /**
   * The SQLite database file that stores the tasks. With `":memory:"`, the tasks are lost when the monitor is
   * disposed. `openMonitor()` also takes the URL of a PostgreSQL database: `postgres://user@host/database`.
   *
   * @default {":memory:"}
   */
  readonly data?: string;
  /**
   * The durability of committed changes: with `"normal"` they survive a crash of the process, with `"full"`
   * also a power failure.
   *
   * @default {"normal"}
   */
  readonly durability?: Durability;
  /**
   * The address at which other servers reach this one, such as `http://10.0.0.5:8000`. If an address is given, several
   * servers can use one PostgreSQL database: each server owns some clients, shows all tasks, and forwards changes of
   * other clients to their owners. Monitored functions run in the server that they are called in. Only for
   * `openMonitor()`; all servers need the same key and the same startable tasks.
   */
  readonly advertise?: string | undefined;
  /**
   * The certificate, as PEM, of the authority that issued the certificates of the other servers; needed if their
   * addresses begin with `https:` and the authority is not a public one.
   */
  readonly nodeCa?: string | undefined;
  /** The limits to use instead of the defaults. */
  readonly limits?: Partial<MonitorLimits>;
  /**
   * Webhook receivers, which are sent a POST when a task ends: JSON `{event, delivery_id, client, at, task}`
   * with the task's record. After a response of 2xx, the event counts as delivered; after 410, it is dropped;
   * after any other response, the request is retried for a day. With a database file, undelivered events
   * survive a restart. An event may be delivered more than once, with the same `delivery_id`.
   */
  readonly notify?: readonly NotifyOptions[];
  /**
   * The secret that signs webhook requests: `taskscope-signature: v1=<hex>` is the HMAC-SHA256 of the value of
   * `taskscope-timestamp`, a dot, and the body. Without a secret, requests are not signed.
   */
  readonly notifySecret?: string;
  /** Called with every unexpected error. By default, the error is written to the console. */
  readonly onError?: (error: unknown) => void;
  /**
   * Called with warnings for the operator, such as an unreachable webhook receiver. By default, warnings are
   * written to the console.
   */
  readonly onNotice?: (text: string) => void;
  /**
   * Returns how often the server had to reopen its port, for `/metrics`. By default, `/metrics` does not have this
   * figure.
   */
  readonly portReopenings?: () => number;
}
