/**
 * Creates a monitor: validates the options, and connects the store, registry, hub, webhooks and HTTP handler.
 *
 * @module
 */

import { pageRenderer } from "../../ui/server/pages.ts";
import { Keyring } from "../access/keyring.ts";
import { ChannelServer } from "../registry/channel_server.ts";
import { randomId } from "../random_id.ts";
import { checkChannelIsFree } from "../channel/authority.ts";
import { resolveAccess } from "../config/access_options.ts";
import { resolveChannel } from "../config/channel_name.ts";
import { type MonitorLimits, resolveLimits } from "../config/limits.ts";
import { type ResolvedStorage, resolveStorage } from "../config/storage_options.ts";
import { bodyLimits } from "../http/body.ts";
import { ConfigError } from "../errors.ts";
import { ByteBudget } from "../http/byte_budget.ts";
import { Handler } from "../http/handler.ts";
import { ClientShares } from "../http/client_shares.ts";
import { Gate } from "../http/gate.ts";
import { Slots } from "../http/slots.ts";
import { Hub } from "../hub/hub.ts";
import { LocalSink } from "../registry/local_sink.ts";
import { Notifier } from "../notify/notifier.ts";
import { resolveNotify } from "../notify/options.ts";
import { wrapperFor } from "../reporter/wrap.ts";
import { Registry } from "../registry/registry.ts";
import { registerMonitor } from "../reporter/local_monitors.ts";
import { RELEASES } from "../reporters/releases.ts";
import { MemoryStore } from "../store/memory/memory_store.ts";
import { SqliteStore } from "../store/sqlite/sqlite_store.ts";
import type { TaskStore } from "../store/store.ts";
import { withTimeout } from "../timeout.ts";
import { VERSION } from "../version.ts";
import type { ConnectionInfo, Monitor } from "./monitor.ts";
import type { MonitorOptions } from "./monitor_options.ts";
import { registeredTasks } from "./registered_tasks.ts";

/** How long `shutdown()` waits for running tasks to end, in milliseconds. */
const SHUTDOWN_GRACE_MS = 2_000;

/**
 * How long `shutdown()` waits for the last webhook deliveries, in milliseconds; later ones stay in the
 * database file.
 */
const NOTIFY_WAIT_MS = 1_000;

/**
 * How long `shutdown()` waits for peers to confirm the close of WebSockets and to read the rest of event
 * streams, in milliseconds.
 */
const CLOSE_WAIT_MS = 500;

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
  return monitorWith(options, (storage, limits, notice) => {
    if (storage.url === null) return openStore(storage, limits, notice);
    throw new ConfigError("Cannot use PostgreSQL at once: call openMonitor() instead of createMonitor()");
  });
}

/**
 * Creates a monitor like {@linkcode createMonitor}, also one that keeps its tasks in a PostgreSQL database.
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
  checkChannelIsFree(resolveChannel(options.channel));
  // Only a server with PostgreSQL loads its client.
  const { openPostgresStore } = await import("../store/postgres/postgres_store.ts");
  const store = await openPostgresStore({ url, limits, commitIntervalMs: limits.commitIntervalMs });
  try {
    return monitorWith(options, () => store);
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

type OpenStore = (
  storage: ResolvedStorage,
  limits: MonitorLimits,
  notice: (text: string) => void,
) => TaskStore;

function monitorWith(options: MonitorOptions, open: OpenStore): Monitor {
  const { authorize = null, onError = logError, onNotice = logNotice } = options;
  const limits = resolveLimits(options.limits);
  const access = resolveAccess(options);
  const keyring = access.key === null ? null : new Keyring(access.key);
  const channel = resolveChannel(options.channel);

  const storage = resolveStorage(options);
  const receivers = resolveNotify(options.notify ?? [], limits.notifyReceivers);
  const startables = registeredTasks(options.tasks ?? {}, () => sink);
  // The channel is checked before the database file is opened and locked, so that a failure leaves nothing to
  // clean up.
  checkChannelIsFree(channel);

  const store = open(storage, limits, onNotice);
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
    started: new Slots(limits.startedTasks, "running tasks that were started by name"),
    limits,
    bodies: bodyLimits(limits),
    unsent: new ByteBudget(limits.unsentBytes),
    shares: keyring === null ? new ClientShares(registry, access.trustedProxies) : null,
    access,
    pages: pageRenderer(VERSION),
    releases: RELEASES,
    keyring,
    cluster: null,
    operations: {
      deliveries: () => notifier.counts,
      storageBytes: () => sizeOf(storage.file),
      portReopenings: options.portReopenings ?? (() => null),
    },
    gate: new Gate({
      ...{ keyring, authorize, limits, proxies: access.trustedProxies, notice: onNotice },
      findRun: (client, id) => registry.stored(client, id),
    }),
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
    fetch: (request, info) => handler.handle(request, info === undefined ? "" : peerOf(info), info),
    monitored: wrapperFor(() => sink),
    registry,
    get watchers() {
      return handler.watchers;
    },
    get deliveries() {
      return notifier.counts;
    },
    async shutdown({ graceMs = SHUTDOWN_GRACE_MS } = {}) {
      handler.beginClosing();
      registry.announceShutdown();
      await withTimeout(whenIdle(registry), graceMs);
      registry.interruptAll("The server was shut down while the task ran");
      await Promise.all([hub.flush(), withTimeout(notifier.whenSettled(), NOTIFY_WAIT_MS)]);
      await dispose();
      // If the server shut down before the peers have confirmed, it would drop the connections without a
      // close frame.
      await withTimeout(handler.whenClosed(), CLOSE_WAIT_MS);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Resolves once no tasks run in this process. */
function whenIdle(registry: Registry): Promise<void> {
  if (registry.runningCount === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const unsubscribe = registry.subscribe(() =>
      // Listeners are called before `runningCount` is updated.
      queueMicrotask(() => {
        if (registry.runningCount > 0) return;
        unsubscribe();
        resolve();
      })
    );
  });
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

/** Returns the size of the database file and its write-ahead log, in bytes; `null` if there is no file. */
function sizeOf(file: string | null): number | null {
  if (file === null) return null;
  let bytes = 0;
  for (const part of [file, `${file}-wal`]) {
    try {
      bytes += Deno.statSync(part).size;
    } catch {
      // The file does not exist, or the program is not permitted to read its size.
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

function logError(error: unknown): void {
  // deno-lint-ignore no-console -- the default of an option, so that no error is lost
  console.error("[taskscope]", error);
}

function logNotice(text: string): void {
  // deno-lint-ignore no-console -- the default of an option
  console.warn(`[taskscope] ${text}`);
}
