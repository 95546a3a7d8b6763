/**
 * A monitor that is one node of a cluster: the nodes share a database, each node owns some shards of the tasks, and
 * follows the owners of the other shards.
 *
 * @module
 */

import { followClock } from "../../clock.ts";
import { ClusterNode } from "../../cluster/cluster_node.ts";
import { SYSTEM_CLOCK } from "../../cluster/system_clock.ts";
import { resolveAccess } from "../../config/access_options.ts";
import { resolveChannel } from "../../config/channel_name.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import { ClosedError } from "../../errors.ts";
import { Forwarder } from "../../http/cluster/forwarder.ts";
import type { NodeFigures, PresentNode } from "../../http/context.ts";
import { healthBeforeLoad, notLoaded } from "../../http/health_responses.ts";
import { randomId } from "../../random_id.ts";
import { wrapperFor } from "../../reporter/wrap.ts";
import { NodeDatabase } from "../../store/postgres/node_database.ts";
import type { PostgresAddress } from "../../store/postgres/postgres_address.ts";
import { PostgresLeases, type ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { SHARDS } from "../../store/postgres/schema.ts";
import { ShardHints } from "../../store/postgres/shard_hints.ts";
import { withTimeout } from "../../timeout.ts";
import { VERSION } from "../../version.ts";
import { buildMonitor, type BuiltMonitor, logError, logNotice } from "../build_monitor.ts";
import type { ConnectionInfo, Monitor, ShutdownOptions } from "../monitor.ts";
import type { MonitorOptions } from "../monitor_options.ts";
import type { CoreOptions } from "../monitor_core.ts";
import { delay, waitUntil } from "./delay.ts";
import { Engines } from "./engines.ts";
import { NodeTasks } from "./node_tasks.ts";
import { OwnedShards } from "./owned_shards.ts";
import { OwnerHistories } from "./owner_histories.ts";
import { ShardedGate } from "./sharded_gate.ts";
import { type Owner, TaskGate } from "./task_gate.ts";

/**
 * How long no shard must have moved before reports are sent to the new owners, in milliseconds. Usually, several shards
 * move at once, and reporters should reconnect only once.
 */
const STABLE_MS = 100;

/** How long a node that shuts down waits until other nodes own its shards, in milliseconds. */
const SUCCESSOR_MS = 1_500;

/** How long requests in progress may take after a node has stopped listening, in milliseconds. */
const DRAIN_MS = 1_000;

/** The number of characters of a node's id that pages show as its name. */
const SHOWN_CHARACTERS = 6;

/** Options of a {@linkcode ClusterMonitor}. */
export interface ClusterMonitorOptions {
  readonly options: MonitorOptions;
  readonly limits: MonitorLimits;
  readonly address: PostgresAddress;
  /** The URL of the database. */
  readonly url: string;
  /** The address at which other nodes reach this one. */
  readonly advertise: string;
  /** The secret that the nodes share. */
  readonly secret: string;
  /** The key that gives full access; `null` if there is none. */
  readonly key: string | null;
  readonly previousKey: string | null;
}

/** One node of a cluster. */
export class ClusterMonitor implements Monitor {
  /** The id of the node. */
  readonly node: string = randomId();
  readonly monitored: Monitor["monitored"];
  readonly #options: ClusterMonitorOptions;
  readonly #leases: PostgresLeases;
  readonly #forwarder: Forwarder;
  readonly #cluster: ClusterNode<ShardBatch>;
  readonly #hints: ShardHints;
  /** The names of the functions that this node can start. */
  readonly #names: ReadonlySet<string>;
  /** The tasks that run in this node. */
  readonly #tasks: NodeTasks;
  readonly #onNotice: (text: string) => void;
  readonly #onError: (error: unknown) => void;
  readonly #database: NodeDatabase;
  readonly #engines: Engines;
  readonly #gate: ShardedGate;
  /** The monitor, once this node has begun to join. */
  #monitor: BuiltMonitor | null = null;
  readonly #owned: OwnedShards;
  /**
   * Whether this node is shutting down, so that load balancers should send it no more requests; it still handles those
   * that arrive.
   */
  #isLeaving = false;
  /** Aborted when this node begins to hand the tasks over. */
  readonly #ending: AbortController = new AbortController();
  #graceMs: number | undefined;
  /** Whether shards have moved since reporters connected. */
  #hasMoved = false;
  #leadTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param options the node and its database */
  constructor(options: ClusterMonitorOptions) {
    this.#options = options;
    const { address, advertise, limits, secret, key, previousKey } = options;
    const { leaseMs } = limits;
    const { onNotice = logNotice, onError = logError, channel } = options.options;
    const { basePath } = resolveAccess(options.options);
    this.#onNotice = onNotice;
    this.#onError = onError;
    const { node } = this;
    this.#names = new Set(Object.keys(options.options.tasks ?? {}));
    const names = () => this.#isLeaving ? [] : [...this.#names];
    this.#leases = new PostgresLeases(address, {
      ...{ node, leaseMs, address: advertise, version: VERSION, names },
    });
    // All nodes use the clock of the database, so that times stay in order when tasks move to another machine.
    this.#leases.onTime = followClock;
    this.#forwarder = new Forwarder({
      ...{ node, address: advertise, key, previousKey, secret, limits },
      nowMs: () => this.#leases.nowMs,
      authority: options.options.nodeCa ?? null,
      notice: onNotice,
    });
    this.#cluster = new ClusterNode({
      node,
      database: this.#leases,
      clock: SYSTEM_CLOCK,
      times: { leaseMs, renewMs: 0.3 * leaseMs, marginMs: 0.2 * leaseMs },
      onTaken: (shard) => this.#owned.take(shard),
      onLost: (shard, reason) => this.#owned.lost(shard, reason),
      onHandOver: (shard) => this.#owned.handOver(shard, this.#graceMs),
      onHeartbeat: (heartbeat) => {
        this.#tasks.heartbeat(heartbeat?.nodes ?? null, this.#engines.all);
        this.#lead(false);
      },
    });
    const { url } = options;
    this.#database = new NodeDatabase({ url, limits, commitIntervalMs: limits.commitIntervalMs });
    this.#engines = new Engines({
      database: this.#database,
      histories: new OwnerHistories({
        ...{ forwarder: this.#forwarder, basePath },
        ownerOf: (client) => this.#gate.ownerOf(client),
      }),
      gate: () => new TaskGate({ node, ownerWaitMs: limits.ownerWaitMs }),
      onFree: () => this.#cluster.wake(),
      onOwner: (shard, owner) => this.#noteOwner(shard, owner),
      onReload: (shard) => this.#dropped(shard),
      onError,
      ending: this.#ending.signal,
    });
    const { tasks } = this.#engines;
    this.#gate = new ShardedGate({
      forwarder: this.#forwarder,
      isLeaving: () => this.#isLeaving,
      names: this.#names,
      starter: (name) => this.#leases.starter(name),
      shards: SHARDS,
      shardOf: (client) => tasks.shardOf(client),
      gateOf: (shard) => this.#engines.of(shard)?.gate ?? null,
      onOwner: (hasMoved) => this.#lead(hasMoved),
    });
    this.#tasks = new NodeTasks({
      ...{ node, address: advertise, leaseMs, forwarder: this.#forwarder, onNotice, onError },
      own: {
        registry: this.#engines.tasks.registry,
        owns: (client) => this.#gate.accepts(client),
      },
      ...{ channel: resolveChannel(channel), basePath },
    });
    this.monitored = wrapperFor(() => this.#tasks.sink);
    this.#owned = new OwnedShards({
      engines: this.#engines,
      gate: this.#gate,
      onNotice,
      onError,
      ending: this.#ending.signal,
    });
    this.#hints = new ShardHints({
      address,
      onCommit: (shard, seq) => this.#engines.of(shard)?.wake(seq),
      onFree: () => this.#cluster.wake(),
      onOpen: () => {
        for (const engine of this.#engines.all) engine.wake();
        this.#cluster.wake();
      },
    });
  }

  /**
   * Joins the cluster: loads the tasks, and waits until some node owns them.
   *
   * @throws {StorageError} if the database cannot be used
   */
  async open(): Promise<void> {
    const { options } = this.#options;
    const { tasks } = this.#engines;
    const opened = Promise.withResolvers<CoreOptions>();
    this.#monitor = buildMonitor(options, (core) => {
      opened.resolve(core);
      return tasks;
    }, {
      gate: this.#gate,
      node: this.node.slice(0, SHOWN_CHARACTERS),
      nodes: () => this.#nodes(),
      figures: () => this.#figures(),
      sink: this.#tasks.sink,
      workers: this.#tasks.workers,
    });
    await this.#engines.open(await opened.promise);
    this.#hints.start();
    this.#cluster.wake();
    // If no node owns the tasks by then, requests wait for an owner.
    await waitUntil(() => this.#isReady, this.#options.limits.ownerWaitMs);
    void this.#explain();
  }

  readonly fetch = (request: Request, info?: ConnectionInfo): Response | Promise<Response> =>
    this.#engines.isLoaded ? this.#built.fetch(request, info) : this.#fetchOnceLoaded(request, info);

  get registry(): Monitor["registry"] {
    return this.#built.registry;
  }

  get watchers(): number {
    return this.#built.watchers;
  }

  get deliveries(): Monitor["deliveries"] {
    return this.#built.deliveries;
  }

  /** Hands the shards over to other nodes, forwards requests that still arrive to them, and shuts down. */
  readonly shutdown = async (options: ShutdownOptions = {}): Promise<void> => {
    const { graceMs, stopListening } = options;
    this.#isLeaving = true;
    this.#cluster.wake();
    const isAlone = await this.#isAlone();
    if (isAlone) this.#built.announceClosing();
    // While its running tasks have time to end, this node stays present, and keeps its shards.
    await Promise.all([this.#tasks.settle(graceMs), isAlone ? null : delay(this.#options.limits.leaveMs)]);
    const isOwner = this.#owned.size > 0;
    await this.#leave(graceMs);
    if (isOwner && !isAlone) await this.#awaitSuccessor();
    // Connections that arrive in the turn in which the listener is closed are reset, so this turn does nothing else.
    await delay(0);
    const drained = stopListening?.();
    await delay(0);
    this.#built.disconnect();
    if (drained !== undefined) await withTimeout(drained, DRAIN_MS);
    await this.#end(() => this.#built.shutdown({ graceMs: 0 }));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.settle(0);
    await this.#leave(0);
    await this.#end(async () => await this.#monitor?.[Symbol.asyncDispose]());
  }

  /**
   * Responds to a request that arrives while tasks are being reloaded. Health checks get a response at once; all other
   * requests wait until the tasks are loaded.
   */
  async #fetchOnceLoaded(request: Request, info?: ConnectionInfo): Promise<Response> {
    const { basePath } = resolveAccess(this.#options.options);
    const health = healthBeforeLoad(request, basePath);
    if (health !== null) return health;
    await withTimeout(this.#engines.loaded(), this.#options.limits.ownerWaitMs);
    return this.#engines.isLoaded
      ? await this.#built.fetch(request, info)
      : notLoaded(request, "The node is loading the tasks");
  }

  /** Warns now, rather than with the first change, if the certificate of an owner is not accepted. */
  async #explain(): Promise<void> {
    const where = await this.#gate.route(null, true)?.catch(() => "here" as const) ?? "here";
    if (where === "here") return;
    for (const owner of "ownerOf" in where ? where.owners : [where]) {
      if (owner !== null) await this.#forwarder.explain(owner);
    }
  }

  /**
   * Returns whether no other node is present; `false` if the database can't be reached, because there may be others.
   */
  async #isAlone(): Promise<boolean> {
    const members = await this.#leases.members().catch(() => null);
    return members !== null && members.every(({ id }) => id === this.node);
  }

  async #leave(graceMs: number | undefined): Promise<void> {
    this.#ending.abort();
    this.#graceMs = graceMs;
    this.#gate.beginHandOver();
    await this.#cluster.stop();
  }

  /**
   * Waits until other nodes own the shards that this node has handed over. From now on, this node only forwards
   * requests.
   */
  async #awaitSuccessor(): Promise<void> {
    let owners: ReadonlyMap<number, Owner> = new Map();
    const current = async () => {
      owners = await this.#leases.owners();
    };
    const successorOf = (shard: number) => {
      const owner = owners.get(shard) ?? null;
      return owner?.id === this.node ? null : owner;
    };
    for (const { shard, gate } of this.#engines.all) {
      gate.follow({ current, owner: () => successorOf(shard), isComplete: false });
    }
    const isDone = () => this.#engines.all.every(({ shard }) => successorOf(shard) !== null);
    await waitUntil(() => current().then(isDone, () => false), SUCCESSOR_MS);
  }

  async #end(end: () => Promise<void>): Promise<void> {
    await this.#engines.loaded();
    clearTimeout(this.#leadTimer);
    await this.#hints.close();
    for (const engine of this.#engines.all) {
      engine.stop();
      engine.gate.close();
    }
    await end();
    await this.#engines.close();
    await this.#database[Symbol.asyncDispose]();
    // Takeovers in progress fail now, because the database is closed.
    await withTimeout(this.#owned.whenTaken(), DRAIN_MS);
    this.#tasks[Symbol.dispose]();
    this.#forwarder[Symbol.dispose]();
    await this.#leases.close();
    followClock(0);
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  get #built(): BuiltMonitor {
    if (this.#monitor === null) throw new ClosedError("The node has not joined yet");
    return this.#monitor;
  }

  get #isReady(): boolean {
    return this.#engines.isLoaded && this.#engines.all.every(({ gate }) => gate.isReady);
  }

  /** Notes the owner of a shard that this node follows. */
  #noteOwner(shard: number, owner: Owner | null): void {
    // This node counts as an owner only once it has loaded the shard completely.
    this.#gate.note(shard, owner === null || owner.id === this.node ? null : owner.address);
  }

  /**
   * Once shards have stopped moving, sends the reports of this node's tasks to the present owners, and makes other
   * reporters reconnect to do the same.
   */
  #lead(hasMoved: boolean): void {
    this.#hasMoved ||= hasMoved;
    const { owners, version } = this.#gate;
    if (owners === null) this.#tasks.lead(null, version);
    clearTimeout(this.#leadTimer);
    this.#leadTimer = setTimeout(() => {
      this.#tasks.lead(this.#gate.owners, this.#gate.version);
      if (this.#hasMoved) this.#monitor?.reconnect("reporters");
      this.#hasMoved = false;
    }, STABLE_MS);
  }

  /** Makes watchers and reporters reconnect, because the tasks of a shard are being reloaded. */
  #dropped(shard: number): void {
    this.#gate.note(shard, null);
    this.#monitor?.reconnect("everyone");
  }

  async #nodes(): Promise<readonly PresentNode[]> {
    const members = await this.#leases.members();
    return members.map((member) => ({ ...member, isHere: member.id === this.node }));
  }

  #figures(): NodeFigures {
    return {
      shards: this.#engines.all.filter(({ gate }) => gate.isOwner).length,
      lost: this.#owned.losses,
      forwarded: this.#forwarder.counts,
      forwardedSockets: this.#forwarder.sockets,
      missedHints: this.#engines.missedHints,
    };
  }
}
