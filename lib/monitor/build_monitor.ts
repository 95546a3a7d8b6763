/**
 * Builds a monitor around its tasks: connects registry, hub and webhooks with the HTTP handler and the channel.
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
import { resolveLimits } from "../config/limits.ts";
import { resolveStorage } from "../config/storage_options.ts";
import { bodyLimits } from "../http/raw_body.ts";
import { ByteBudget } from "../http/byte_budget.ts";
import type { ClusterGate } from "../http/cluster/cluster_gate.ts";
import type { NodeFigures, PresentNode } from "../http/context.ts";
import { Handler } from "../http/handler.ts";
import { ClientShares } from "../http/client_shares.ts";
import { Gate } from "../http/gate.ts";
import { Slots } from "../http/slots.ts";
import { LocalSink } from "../registry/local_sink.ts";
import { resolveNotify } from "../notify/options.ts";
import { wrapperFor } from "../reporter/wrap.ts";
import { andThen } from "../task/maybe_promise.ts";
import { type MemberReports, RegistryReports } from "../registry/member_reports.ts";
import type { TaskRegistry } from "../registry/task_registry.ts";
import { registerMonitor } from "../reporter/local_monitors.ts";
import type { ReportSink } from "../reporter/report_sink.ts";
import { RELEASES } from "../reporters/releases.ts";
import { withTimeout } from "../timeout.ts";
import { VERSION } from "../version.ts";
import type { ConnectionInfo, Monitor } from "./monitor.ts";
import type { CoreOptions, MonitorTasks } from "./monitor_core.ts";
import type { MonitorOptions } from "./monitor_options.ts";
import { registeredTasks } from "./registered_tasks.ts";

/**
 * How long a shutdown waits for peers to confirm the close of WebSockets and to read the rest of event
 * streams, in milliseconds.
 */
const CLOSE_WAIT_MS = 500;

/** Opens the tasks of a monitor; called once the options of the monitor are known to be valid. */
export type OpenTasks = (options: CoreOptions) => MonitorTasks;

/** The part of a cluster that a monitor belongs to. */
export interface ClusterMembership {
  /** The name of this node, which its pages show. */
  readonly node: string;
  /** The sink of the tasks that run in this node. */
  readonly sink: ReportSink;
  /** Takes the reports of the other isolates of this process, such as workers. */
  readonly workers: MemberReports;
  /** Decides which node handles a request. */
  readonly gate: ClusterGate;
  /** Lists the nodes that are present. */
  readonly nodes: () => Promise<readonly PresentNode[]>;
  /** Returns the figures of this node, for metrics. */
  readonly figures: () => NodeFigures;
}

/** A monitor with the methods that a cluster calls on it. */
export interface BuiltMonitor extends Monitor {
  readonly registry: TaskRegistry;
  /** Tells watchers and reporters that the server is shutting down; called if no other node is left. */
  announceClosing(): void;
  /** Closes every WebSocket and event stream, and ends every long poll; requests are still handled. */
  disconnect(): void;
  /** Closes the connections of everyone, or of reporters only, so that they reconnect. */
  reconnect(who: "everyone" | "reporters"): void;
}

/**
 * Builds a monitor.
 *
 * @param options the options of the monitor
 * @param open opens its tasks
 * @param cluster the cluster; `null` if this is the only node
 * @throws {ConfigError} if an option is invalid
 * @throws {ChannelConflictError} if another monitor in this isolate uses the same channel
 */
export function buildMonitor(
  options: MonitorOptions,
  open: OpenTasks,
  cluster: ClusterMembership | null = null,
): BuiltMonitor {
  const { authorize = null, onError = logError, onNotice = logNotice } = options;
  const limits = resolveLimits(options.limits);
  const access = resolveAccess(options);
  const keyring = access.key === null ? null : new Keyring(access.key, access.previousKey);
  const channel = resolveChannel(options.channel);

  const receivers = resolveNotify(options.notify ?? [], limits.notifyReceivers);
  const startables = registeredTasks(options.tasks ?? {}, () => sink);
  // The channel is checked before the database file is opened and locked, so that a failure leaves nothing to
  // clean up.
  checkChannelIsFree(channel);

  const tasks = open({
    ...{ limits, receivers, secret: options.notifySecret || null },
    ...{ notice: onNotice, reportError: onError },
  });
  const { registry, hub } = tasks;
  // In a cluster, tasks continue when their node no longer owns them, and need a sink that does so, too.
  const local = cluster === null ? new LocalSink(registry) : null;
  const sink: ReportSink = cluster?.sink ?? local!;
  const authority = new ChannelServer({
    registry,
    reports: cluster?.workers ?? new RegistryReports(registry),
    channel,
    publishIntervalMs: limits.frameIntervalMs,
    reportError: onError,
  });
  const handler = new Handler({
    registry,
    hub,
    sink,
    startables,
    started: new Slots(limits.startedTasks, "running tasks that the server has started"),
    limits,
    bodies: bodyLimits(limits),
    unsent: new ByteBudget(limits.unsentBytes),
    shares: keyring === null ? new ClientShares(registry, access.trustedProxies) : null,
    access,
    pages: pageRenderer(cluster === null ? VERSION : `${VERSION}, node ${cluster.node}`),
    releases: RELEASES,
    keyring,
    operations: {
      deliveries: () => tasks.deliveries,
      storageBytes: () => sizeOf(resolveStorage(options).file),
      portReopenings: options.portReopenings ?? (() => null),
      nodes: cluster?.nodes ?? (() => Promise.resolve([])),
      node: cluster?.figures ?? (() => null),
    },
    cluster: cluster?.gate ?? null,
    gate: new Gate({
      ...{
        keyring,
        authorize,
        limits,
        basePath: access.basePath,
        proxies: access.trustedProxies,
        notice: onNotice,
      },
      findRun(client, id) {
        const stored = registry.stored(client, id);
        return stored && {
          summary: stored.summary,
          reporter: () => andThen(registry.record(client, id), (record) => record?.task.reporter),
        };
      },
    }),
    reportError: onError,
  });
  registry.onDegradation((degradation) =>
    onNotice(
      degradation === null
        ? "Tasks are stored again"
        : `${
          cluster === null
            ? "Tasks can't be stored, and are kept in memory for now"
            : "Nothing can be stored now"
        }: ${degradation.error.message}`,
    )
  );
  const withdraw = cluster === null ? registerMonitor(channel, sink) : () => {};

  async function dispose(): Promise<void> {
    withdraw();
    local?.[Symbol.dispose]();
    handler.close();
    authority[Symbol.dispose]();
    await tasks[Symbol.asyncDispose]();
  }

  return {
    fetch: (request, info) => handler.handle(request, info === undefined ? "" : peerOf(info), info),
    monitored: wrapperFor(() => sink),
    registry,
    get watchers() {
      return handler.watchers;
    },
    get deliveries() {
      return tasks.deliveries;
    },
    announceClosing: () => handler.announceClosing(),
    disconnect: () => handler.disconnect(),
    reconnect: (who) => handler.reconnect(who),
    async shutdown({ graceMs } = {}) {
      handler.beginClosing();
      try {
        // In a cluster, running tasks were ended before their shards were handed over.
        if (cluster === null) await tasks.settle(graceMs);
      } finally {
        try {
          // Even if nothing can be stored, everything is closed, after a last attempt to store the changes.
          await dispose();
        } finally {
          // If the server shut down before the peers have confirmed the close, it would drop the connections without
          // a close frame.
          await withTimeout(handler.whenClosed(), CLOSE_WAIT_MS);
        }
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Returns the size of the database file and its write-ahead log, in bytes; `null` if there is no file. */
function sizeOf(file: string | null): number | null {
  if (file === null) return null;
  let bytes = 0;
  for (const suffix of ["", "-wal"]) {
    try {
      // SQLite names the log after the real path of the file.
      bytes += Deno.statSync(Deno.realPathSync(file) + suffix).size;
    } catch {
      // The file does not exist, or the program is not permitted to read its size.
    }
  }
  return bytes;
}

function peerOf({ remoteAddr }: ConnectionInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "";
}

/** Returns a random epoch for sequence numbers. */
export function newEpoch(): string {
  return randomId().slice(0, 12);
}

/** Writes an error to the console. */
export function logError(error: unknown): void {
  // deno-lint-ignore no-console -- the default of an option, so that no error is lost
  console.error("[taskscope]", error);
}

/** Writes a warning for the operator to the console. */
export function logNotice(text: string): void {
  // deno-lint-ignore no-console -- the default of an option
  console.warn(`[taskscope] ${text}`);
}
