/**
 * The parts of the monitor that the HTTP handler uses, and operations that several routes share.
 *
 * @module
 */

import type { Keyring } from "../access/keyring.ts";
import type { ResolvedAccess } from "../config/access_options.ts";
import type { MonitorLimits } from "../config/limits.ts";
import type { TaskHub } from "../hub/hub.ts";
import type { DeliveryCounts } from "../notify/receiver_queue.ts";
import type { TaskRegistry } from "../registry/task_registry.ts";
import type { ReportSink } from "../reporter/report_sink.ts";
import type { Releases } from "../reporters/release.ts";
import type { StoredTask, TaskRecord } from "../store/store.ts";
import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { PageRenderer } from "../page_renderer.ts";
import type { Startable } from "../reporter/wrap.ts";
import type { BodyLimits } from "./raw_body.ts";
import type { ByteBudget } from "./byte_budget.ts";
import type { ClusterGate } from "./cluster/cluster_gate.ts";
import type { ClientShares } from "./client_shares.ts";
import type { Gate } from "./gate.ts";
import { Problem } from "./problem.ts";
import type { Slots } from "./slots.ts";

/** A node of a cluster. */
export interface PresentNode {
  readonly id: string;
  /** The address of the node for other nodes. */
  readonly address: string | null;
  /** The version of the program. */
  readonly version: string;
  /** When the node joined, in epoch seconds by the clock of the database. */
  readonly since: number;
  /** The number of shards that the node owns. */
  readonly shards: number;
  /** Whether this is the node that made the list. */
  readonly isHere: boolean;
}

/** The figures of a node of a cluster. */
export interface NodeFigures {
  /** The number of shards that this node owns. */
  readonly shards: number;
  /**
   * How often this node has lost a shard to another node without handing it over, or the database has lost
   * changes that it had confirmed.
   */
  readonly lost: number;
  /** The number of requests that this node has forwarded to the owner, by outcome. */
  readonly forwarded: Readonly<Record<"answered" | "unreachable" | "unanswered", number>>;
  /** The number of reporters' sockets whose messages this node forwards to owners at present. */
  readonly forwardedSockets: number;
  /** How often a regular check of the database found changes without a notification. */
  readonly missedHints: number;
}

/** Values for the metrics that come from neither tasks nor requests. */
export interface Operations {
  /** Returns the number of webhook deliveries, by outcome. */
  deliveries(): DeliveryCounts;
  /** Returns the size of the database file in bytes; `null` if tasks are kept in memory. */
  storageBytes(): number | null;
  /** Returns how often the server had to open its port again; `null` if that is unknown. */
  portReopenings(): number | null;
  /**
   * Lists the running nodes of the cluster, oldest first; an empty list if the server is not a node of a
   * cluster.
   */
  nodes(): Promise<readonly PresentNode[]>;
  /** Returns the figures of the node; `null` if the server is not a node of a cluster. */
  node(): NodeFigures | null;
}

/** The parts of the monitor that the HTTP handler uses. */
export interface HandlerContext {
  readonly registry: TaskRegistry;
  readonly hub: TaskHub;
  /** The sink for reports of tasks that the server starts. */
  readonly sink: ReportSink;
  readonly startables: ReadonlyMap<string, Startable>;
  /** The limit on the number of running tasks that the server has started. */
  readonly started: Slots;
  readonly limits: MonitorLimits;
  /** The limit on the bytes that wait to be sent, over all connections. */
  readonly unsent: ByteBudget;
  /**
   * The shares of networks in the limit on clients; `null` if the server requires a key, so that strangers
   * can't create clients.
   */
  readonly shares: ClientShares | null;
  /** The limits for reading request bodies. */
  readonly bodies: BodyLimits;
  readonly access: ResolvedAccess;
  readonly pages: PageRenderer;
  /** The files that programs import or install to report. */
  readonly releases: Releases;
  /** Verifies and signs tokens with the server's key; `null` if the server requires no key. */
  readonly keyring: Keyring | null;
  readonly gate: Gate;
  /** Decides on which node a request is handled; `null` if the server is not a node of a cluster. */
  readonly cluster: ClusterGate | null;
  /** Values for the metrics that come from neither tasks nor requests. */
  readonly operations: Operations;
  /** Called with each unexpected error. */
  readonly reportError: (error: unknown) => void;
}

/**
 * Returns the address of the server as the sender of a request sees it, base path included.
 *
 * @param context the configured addresses
 * @param request a request whose host was already checked
 */
export function serverAddress({ access }: Pick<HandlerContext, "access">, request: Request): string {
  return `${access.publicOrigin ?? new URL(request.url).origin}${access.basePath}`;
}

/**
 * Delays a response until the changes that it shows may be published.
 *
 * @param context the parts of the monitor to use
 * @param client the client token of the tasks that the response shows
 * @param answer creates the response; it is called again if the commit failed, because the changes then have
 * a new cursor
 */
export function whenPublishable(
  context: HandlerContext,
  client: string,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const response = answer();
  const { registry, cluster } = context;
  // In a cluster, `whenPublishable()` waits until a commit succeeds, however long that takes. A request waits
  // for `committed()` instead, which rejects if the commit fails.
  const publishable = cluster === null
    ? registry.whenPublishable(client)
    : registry.uncommittedOf(client) === 0
    ? null
    : registry.committed(client).then(() => true);
  if (publishable === null) return response;
  // Without this handler, the rejection of a response before the commit would count as unhandled.
  if (response instanceof Promise) response.catch(() => {});
  return publishable.then((isCommitted) => isCommitted ? response : answer());
}

/**
 * Delays a response until every change of a client's tasks so far is committed.
 *
 * @throws {StorageError} if the commit fails
 */
export async function whenCommitted(
  context: HandlerContext,
  client: string,
  response: Response,
): Promise<Response> {
  await context.registry.committed(client);
  return response;
}

/**
 * Returns a task of a client without reading its record.
 *
 * @throws {Problem} 404 if the task does not exist, or was left out because its record is damaged
 */
export function storedTask(context: HandlerContext, client: string, id: string): StoredTask {
  return context.registry.stored(client, id) ?? missing(context, client, id);
}

/**
 * Returns the record of a client's task, synchronously if the record is in memory or in an SQLite file.
 *
 * @throws {Problem} 404 if the task does not exist, or was left out because its record is damaged
 * @throws {StorageError} if the record cannot be read
 */
export function taskRecord(context: HandlerContext, client: string, id: string): MaybePromise<TaskRecord> {
  return andThen(context.registry.record(client, id), (record) => record ?? missing(context, client, id));
}

function missing(context: HandlerContext, client: string, id: string): never {
  if (!context.registry.isLeftOut(client, id)) throw taskNotFound(id);
  throw new Problem(
    "task_damaged",
    `The record of task "${id}" is damaged. The server does not show it, and keeps its data in the database file`,
  );
}

/** Creates the error for a task that does not exist. */
export function taskNotFound(id: string): Problem {
  return new Problem("task_not_found", `Task "${id}" does not exist`);
}
