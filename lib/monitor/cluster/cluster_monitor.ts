/**
 * A monitor that is one node of a cluster: the nodes share a database, one of them owns the tasks, and the others follow
 * it.
 *
 * @module
 */

import { followClock } from "../../clock.ts";
import { ClusterNode } from "../../cluster/cluster_node.ts";
import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../cluster/system_clock.ts";
import { resolveAccess } from "../../config/access_options.ts";
import { resolveChannel } from "../../config/channel_name.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import { ClosedError } from "../../errors.ts";
import { Forwarder } from "../../http/cluster/forwarder.ts";
import type { NodeFigures, PresentNode } from "../../http/context.ts";
import { healthy, loading } from "../../http/health_responses.ts";
import { randomId } from "../../random_id.ts";
import { wrapperFor } from "../../reporter/wrap.ts";
import type { PostgresAddress } from "../../store/postgres/postgres_address.ts";
import { PostgresLeases, type ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { ShardHints } from "../../store/postgres/shard_hints.ts";
import { withTimeout } from "../../timeout.ts";
import { VERSION } from "../../version.ts";
import { type BuiltMonitor, logError, logNotice } from "../build_monitor.ts";
import type { ConnectionInfo, Monitor, ShutdownOptions } from "../monitor.ts";
import type { MonitorOptions } from "../monitor_options.ts";
import { Engine } from "./engine.ts";
import { NodeTasks } from "./node_tasks.ts";
import { OwnerHistories } from "./owner_histories.ts";
import { type Owner, TaskGate } from "./task_gate.ts";

/** The wait before a failed attempt to load or to take over the tasks is repeated, in milliseconds. */
const RETRY_MS = 500;

/** How often a node looks whether what it waits for has happened, in milliseconds. */
const LOOK_MS = 50;

/** How long a node that leaves waits until another one owns the tasks, in milliseconds. */
const SUCCESSOR_MS = 1_500;

/** How long the requests under way may take once a node does not listen any more, in milliseconds. */
const DRAIN_MS = 1_000;

/** The number of characters of its id by which pages name a node. */
const SHOWN_CHARACTERS = 6;

/** Options of a {@linkcode ClusterMonitor}. */
export interface ClusterMonitorOptions {
  readonly options: MonitorOptions;
  readonly limits: MonitorLimits;
  readonly address: PostgresAddress;
  /** The URL of the database. */
  readonly url: string;
  /** The address of this node for others. */
  readonly advertise: string;
  /** The secret that the nodes share. */
  readonly secret: string;
  /** The key, and the one before it; `null` if there is none. */
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
  readonly #histories: OwnerHistories;
  /** The names of the functions that this node can start. */
  readonly #names: ReadonlySet<string>;
  /** The tasks that run in this node. */
  readonly #tasks: NodeTasks;
  readonly #onNotice: (text: string) => void;
  readonly #onError: (error: unknown) => void;
  #engine: Engine | null = null;
  /** Resolves when the engine is loaded. */
  #loading: Promise<void> = Promise.resolve();
  /** The lease, if this node has it. */
  #shard: OwnedShard<ShardBatch> | null = null;
  /** Whether load balancers should send nothing more to this node, which still handles everything. */
  #isLeaving = false;
  /** Aborted when this node begins to hand the tasks over. */
  readonly #ending: AbortController = new AbortController();
  #graceMs: number | undefined;
  #losses = 0;
  /** How many hints earlier engines have missed. */
  #missedHints = 0;

  /** @param options the node and its database */
  constructor(options: ClusterMonitorOptions) {
    this.#options = options;
    const { address, advertise, limits, secret, key, previousKey } = options;
    const { leaseMs } = limits;
    const { onNotice = logNotice, onError = logError, channel } = options.options;
    this.#onNotice = onNotice;
    this.#onError = onError;
    const { node } = this;
    this.#names = new Set(Object.keys(options.options.tasks ?? {}));
    const names = () => this.#isLeaving ? [] : [...this.#names];
    this.#leases = new PostgresLeases(address, {
      node,
      leaseMs,
      address: advertise,
      version: VERSION,
      names,
    });
    // Times are those of the database, so that they are in order when the tasks move to another machine.
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
      onTaken: (shard) => void this.#takeOver(shard),
      onLost: (shard, reason) => this.#lost(shard, reason),
      onHandOver: () => this.#handOver(),
      onHeartbeat: (heartbeat) => this.#tasks.heartbeat(heartbeat?.nodes ?? null, this.#engine),
    });
    this.#tasks = new NodeTasks({
      ...{ node, address: advertise, leaseMs, forwarder: this.#forwarder, onNotice, onError },
      channel: resolveChannel(channel),
      basePath: resolveAccess(options.options).basePath,
    });
    this.#histories = new OwnerHistories({
      forwarder: this.#forwarder,
      basePath: resolveAccess(options.options).basePath,
      owner: () => this.#engine?.gate.owner ?? null,
    });
    this.monitored = wrapperFor(() => this.#tasks.sink);
    this.#hints = new ShardHints({
      address,
      onCommit: (_shard, seq) => this.#engine?.wake(seq),
      onFree: () => this.#cluster.wake(),
      onOpen: () => {
        this.#engine?.wake();
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
    await this.#load();
    this.#hints.start();
    this.#cluster.wake();
    // Without a decision in time, requests wait for one.
    await this.#until(() => this.#engine?.gate.isReady === true, this.#options.limits.ownerWaitMs);
    void this.#explain();
  }

  readonly fetch = (request: Request, info?: ConnectionInfo): Response | Promise<Response> =>
    this.#engine?.monitor.fetch(request, info) ?? this.#fetchOnceLoaded(request, info);

  get registry(): Monitor["registry"] {
    return this.#present.registry;
  }

  get watchers(): number {
    return this.#engine?.monitor.watchers ?? 0;
  }

  get deliveries(): Monitor["deliveries"] {
    return this.#present.deliveries;
  }

  /** Hands the tasks over to another node, lets it handle what arrives here, and ends. */
  readonly shutdown = async (options: ShutdownOptions = {}): Promise<void> => {
    const { graceMs, stopListening } = options;
    this.#isLeaving = true;
    this.#cluster.wake();
    const isAlone = await this.#isAlone();
    if (isAlone) this.#engine?.monitor.announceClosing();
    // As long as its tasks have grace, this node stays present, and owns what it owns.
    await Promise.all([this.#tasks.settle(graceMs), isAlone ? null : delay(this.#options.limits.leaveMs)]);
    const isOwner = this.#shard !== null;
    await this.#leave(graceMs);
    if (isOwner && !isAlone) await this.#awaitSuccessor();
    // Connections that arrive in the turn in which the listener is closed are reset, so this turn does nothing else.
    await delay(0);
    const drained = stopListening?.();
    await delay(0);
    this.#engine?.monitor.disconnect();
    if (drained !== undefined) await withTimeout(drained, DRAIN_MS);
    await this.#end((monitor) => monitor.shutdown({ graceMs: 0 }));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.settle(0);
    await this.#leave(0);
    await this.#end(async (monitor) => await monitor[Symbol.asyncDispose]());
  }

  /** Responds to a request that arrives while the tasks are loaded anew: all but the health checks wait for them. */
  async #fetchOnceLoaded(request: Request, info?: ConnectionInfo): Promise<Response> {
    const { basePath } = resolveAccess(this.#options.options);
    const { pathname } = new URL(request.url);
    if (pathname === `${basePath}/healthz`) return healthy();
    if (pathname === `${basePath}/readyz`) return loading();
    await withTimeout(this.#loading, this.#options.limits.ownerWaitMs);
    return await (this.#engine?.monitor.fetch(request, info) ?? notReady());
  }

  /** Says now, not only with the first change, whether the certificate of the owner is not accepted. */
  async #explain(): Promise<void> {
    const where = await this.#engine?.gate.route(true)?.catch(() => "here" as const) ?? "here";
    if (where !== "here") await this.#forwarder.explain(where);
  }

  /** Whether no other node is present; without the database, there may be some. */
  async #isAlone(): Promise<boolean> {
    const members = await this.#leases.members().catch(() => null);
    return members !== null && members.every(({ id }) => id === this.node);
  }

  async #leave(graceMs: number | undefined): Promise<void> {
    this.#ending.abort();
    this.#graceMs = graceMs;
    this.#engine?.gate.beginHandOver();
    await this.#cluster.stop();
  }

  async #awaitSuccessor(): Promise<void> {
    let successor: Owner | null = null;
    const current = async () => {
      const members = await this.#leases.members();
      successor = members.find(({ id, isOwner }) => isOwner && id !== this.node) ?? null;
    };
    this.#engine?.gate.follow({ current, owner: () => successor, isComplete: false });
    await this.#until(() => current().then(() => successor !== null, () => false), SUCCESSOR_MS);
  }

  async #end(end: (monitor: BuiltMonitor) => Promise<void>): Promise<void> {
    await this.#loading;
    await this.#hints.close();
    const engine = this.#engine;
    engine?.stop();
    engine?.gate.close();
    if (engine !== null) await end(engine.monitor);
    this.#engine = null;
    this.#tasks[Symbol.dispose]();
    this.#forwarder[Symbol.dispose]();
    await this.#leases.close();
    followClock(0);
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  get #present(): BuiltMonitor {
    if (this.#engine === null) throw new ClosedError("The tasks are being loaded");
    return this.#engine.monitor;
  }

  async #load(): Promise<void> {
    const { options, limits, url } = this.#options;
    const { ownerWaitMs } = limits;
    this.#engine = await Engine.load({
      ...{ options, limits, url },
      gate: new TaskGate({
        ...{ node: this.node, forwarder: this.#forwarder, ownerWaitMs },
        isLeaving: () => this.#isLeaving,
        names: this.#names,
        starter: (name) => this.#leases.starter(name),
      }),
      node: this.node.slice(0, SHOWN_CHARACTERS),
      nodes: () => this.#nodes(),
      figures: () => this.#figures(),
      sink: this.#tasks.sink,
      workers: this.#tasks.workers,
      histories: this.#histories,
      onFree: () => this.#cluster.wake(),
      onOwner: (owner) => this.#tasks.follow(owner),
      onGap: () => this.#reload(),
    });
  }

  async #takeOver(shard: OwnedShard<ShardBatch>): Promise<void> {
    this.#shard = shard;
    while (this.#shard === shard && !this.#isEnding) {
      await this.#loading;
      const engine = this.#engine;
      try {
        await engine?.takeOver(shard);
        if (engine !== null) break;
      } catch (error) {
        if (this.#shard === shard) this.#onError(error);
        if (engine === this.#engine) this.#reload();
      }
      await delay(RETRY_MS, this.#ending.signal);
    }
    if (this.#shard !== shard || this.#isEnding) return;
    this.#tasks.own(this.#engine!, shard.grant.term);
    this.#onNotice(`This node owns the tasks now (term ${shard.grant.term})`);
  }

  #lost(shard: OwnedShard<ShardBatch>, reason: string): void {
    if (this.#shard !== shard) return;
    this.#shard = null;
    if (this.#isEnding) return;
    this.#losses++;
    this.#onNotice(`This node no longer owns the tasks: ${reason}`);
    this.#reload();
  }

  /** Drops everything in memory and loads it anew; watchers reconnect. */
  #reload(): void {
    const old = this.#engine;
    if (old === null) return;
    this.#engine = null;
    this.#tasks.follow(null);
    this.#missedHints += old.missedHints;
    this.#loading = this.#loading
      .then(() => old[Symbol.asyncDispose]())
      .catch(this.#onError)
      .then(() => this.#loadAgain());
  }

  async #loadAgain(): Promise<void> {
    while (!this.#isEnding) {
      try {
        return await this.#load();
      } catch (error) {
        this.#onError(error);
        await delay(RETRY_MS, this.#ending.signal);
      }
    }
  }

  async #nodes(): Promise<readonly PresentNode[]> {
    const members = await this.#leases.members();
    return members.map((member) => ({ ...member, isHere: member.id === this.node }));
  }

  #figures(): NodeFigures {
    return {
      isOwner: this.#engine?.gate.isOwner ?? false,
      lost: this.#losses,
      forwarded: this.#forwarder.counts,
      forwardedSockets: this.#forwarder.sockets,
      missedHints: this.#missedHints + (this.#engine?.missedHints ?? 0),
    };
  }

  /** Ends the tasks of this process and commits everything. */
  async #handOver(): Promise<void> {
    await this.#engine?.monitor.settle(this.#graceMs).catch(this.#onError);
  }

  async #until(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs && !await isDone()) await delay(LOOK_MS);
  }
}

/** Resolves after some time, or once a signal is aborted. */
function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Responds to a request for which the tasks were not loaded in time. */
function notReady(): Response {
  return new Response("The node is loading the tasks\n", { status: 503, headers: { "retry-after": "1" } });
}
