/**
 * Creates monitors: one with a memory or file store at once, one with a database, or one node of a cluster.
 *
 * @module
 */

import { checkChannelIsFree } from "../channel/authority.ts";
import { resolveAdvertise } from "../config/cluster_options.ts";
import { resolveChannel } from "../config/channel_name.ts";
import { type MonitorLimits, resolveLimits } from "../config/limits.ts";
import { type ResolvedStorage, resolveStorage } from "../config/storage_options.ts";
import { ConfigError } from "../errors.ts";
import { MemoryStore } from "../store/memory/memory_store.ts";
import { SqliteStore } from "../store/sqlite/sqlite_store.ts";
import type { TaskStore } from "../store/store.ts";
import { buildMonitor, newEpoch } from "./build_monitor.ts";
import type { Monitor } from "./monitor.ts";
import { type CoreOptions, MonitorCore } from "./monitor_core.ts";
import type { MonitorOptions } from "./monitor_options.ts";

/**
 * Creates a monitor. A monitor does not listen on a port; pass its `fetch` to a server.
 *
 * @param options the options to use instead of the defaults
 * @returns the monitor, which must be disposed of or shut down
 * @throws {ConfigError} if an option is invalid, or names a PostgreSQL database: see {@linkcode openMonitor}
 * @throws {ChannelConflictError} if another monitor in this isolate uses the same channel
 * @throws {StorageError} if the database file cannot be opened
 */
export function createMonitor(options: MonitorOptions = {}): Monitor {
  const storage = resolveStorage(options);
  resolveAdvertise(options);
  if (storage.url !== null) {
    throw new ConfigError("Cannot use PostgreSQL at once: call openMonitor() instead of createMonitor()");
  }
  return buildMonitor(options, (core) => alone(openStore(storage, core.limits, core.notice), core));
}

/**
 * Creates a monitor like {@linkcode createMonitor}, but can also keep the tasks in a PostgreSQL database.
 *
 * @param options the options to use instead of the defaults
 * @returns the monitor, which must be disposed of or shut down
 * @throws {ConfigError} if an option is invalid
 * @throws {ChannelConflictError} if another monitor in this isolate uses the same channel
 * @throws {StorageError} if the database cannot be opened
 */
export async function openMonitor(options: MonitorOptions = {}): Promise<Monitor> {
  const { url } = resolveStorage(options);
  if (url === null) return createMonitor(options);
  const limits = resolveLimits(options.limits);
  const advertise = resolveAdvertise(options);
  checkChannelIsFree(resolveChannel(options.channel));
  if (advertise !== null) {
    const { openClusterMonitor } = await import("./cluster/open_cluster_monitor.ts");
    return await openClusterMonitor(options, url, advertise);
  }
  // The PostgreSQL client is loaded only if it is needed.
  const { openPostgresStore } = await import("../store/postgres/postgres_store.ts");
  const store = await openPostgresStore({ url, limits, commitIntervalMs: limits.commitIntervalMs });
  try {
    return buildMonitor(options, (core) => alone(store, core));
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens the tasks of a store that no other node uses. */
function alone(store: TaskStore, options: CoreOptions): MonitorCore {
  const close = async () => await store[Symbol.asyncDispose]();
  const core = new MonitorCore(
    { store, followed: null, histories: null, unsavedEpoch: newEpoch(), close },
    options,
  );
  core.start();
  return core;
}

function openStore(
  { file, durability }: ResolvedStorage,
  limits: MonitorLimits,
  notice: (text: string) => void,
): TaskStore {
  const epoch = newEpoch();
  if (file === null) return new MemoryStore(limits, epoch);
  const { commitIntervalMs } = limits;
  return new SqliteStore({ file, durability, epoch, limits, commitIntervalMs, notice });
}
