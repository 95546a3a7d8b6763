/**
 * A monitor that is one node of a cluster: the nodes share a database, one of them owns the tasks, and the others follow
 * it.
 *
 * @module
 */

import type { Changes } from "../../cluster/cluster_database.ts";
import { ClusterNode } from "../../cluster/cluster_node.ts";
import { Follower } from "../../cluster/follower.ts";
import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../cluster/system_clock.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import { ClosedError } from "../../errors.ts";
import type { NodeFigures, PresentNode } from "../../http/context.ts";
import { Forwarder } from "../../http/cluster/forwarder.ts";
import { randomId } from "../../random_id.ts";
import type { PulledChanges } from "../../store/followed.ts";
import { type FollowerStore, openFollowerStore } from "../../store/postgres/follower_store.ts";
import type { PostgresAddress } from "../../store/postgres/postgres_address.ts";
import { PostgresLeases, type ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { ShardHints } from "../../store/postgres/shard_hints.ts";
import { VERSION } from "../../version.ts";
import { buildMonitor, type BuiltMonitor, logError, logNotice } from "../build_monitor.ts";
import type { ConnectionInfo, Monitor, ShutdownOptions } from "../monitor.ts";
import type { MonitorOptions } from "../monitor_options.ts";
import { type Following, type Owner, TaskGate } from "./task_gate.ts";

/** All tasks are in one shard. */
const SHARD = 0;

/** How often a follower looks for changes about which it was told nothing, in milliseconds. */
const POLL_MS = 1_000;

/** The wait before a failed attempt to load or to take over the tasks is repeated, in milliseconds. */
const RETRY_MS = 500;

/** The number of characters of its id by which pages name a node. */
const SHOWN_CHARACTERS = 6;

/** How often a node looks whether what it waits for has happened, in milliseconds. */
const LOOK_MS = 50;

/** How long a node that leaves waits until another one owns the tasks, in milliseconds. */
const SUCCESSOR_MS = 1_500;

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
  /** The key; `null` if there is none. */
  readonly key: string | null;
}

/** The monitor of the present, with what it follows. */
interface Engine {
  readonly store: FollowerStore;
  readonly monitor: BuiltMonitor;
  readonly follower: Follower<PulledChanges>;
}

/** One node of a cluster. */
export class ClusterMonitor implements Monitor {
  /** The id of the node. */
  readonly node: string = randomId();
  readonly #options: ClusterMonitorOptions;
  readonly #gate: TaskGate;
  readonly #leases: PostgresLeases;
  readonly #cluster: ClusterNode<ShardBatch>;
  readonly #hints: ShardHints;
  readonly #onNotice: (text: string) => void;
  readonly #onError: (error: unknown) => void;
  #engine: Engine | null = null;
  /** Resolves when the engine is loaded. */
  #loading: Promise<void>;
  #owner: Owner | null = null;
  #shard: OwnedShard<ShardBatch> | null = null;
  #isEnding = false;
  #graceMs: number | undefined;
  /** How often the tasks were lost, and how many hints earlier followers have missed. */
  #losses = 0;
  #missedHints = 0;

  /** @param options the node and its database */
  constructor(options: ClusterMonitorOptions) {
    this.#options = options;
    const { address, advertise, limits, secret, key } = options;
    const { leaseMs, ownerWaitMs } = limits;
    const { onNotice = logNotice, onError = logError } = options.options;
    this.#onNotice = onNotice;
    this.#onError = onError;
    this.#leases = new PostgresLeases(address, {
      node: this.node,
      leaseMs,
      address: advertise,
      version: VERSION,
    });
    this.#gate = new TaskGate({
      node: this.node,
      forwarder: new Forwarder({
        ...{ node: this.node, address: advertise, key, secret, limits },
        nowMs: () => this.#leases.nowMs,
      }),
      ownerWaitMs,
    });
    this.#cluster = new ClusterNode({
      node: this.node,
      database: this.#leases,
      clock: SYSTEM_CLOCK,
      times: { leaseMs, renewMs: 0.3 * leaseMs, marginMs: 0.2 * leaseMs },
      onTaken: (shard) => void this.#takeOver(shard),
      onLost: (shard, reason) => this.#lost(shard, reason),
      onHandOver: () => this.#handOver(),
    });
    this.#hints = new ShardHints({
      address,
      onCommit: (_shard, seq) => this.#engine?.follower.wake(seq),
      onFree: () => this.#cluster.wake(),
      onOpen: () => {
        this.#engine?.follower.wake();
        this.#cluster.wake();
      },
    });
    this.#loading = Promise.resolve();
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
    await this.#until(() => this.#gate.isReady, this.#options.limits.ownerWaitMs);
  }

  readonly fetch = (request: Request, info?: ConnectionInfo): Response | Promise<Response> =>
    this.#engine?.monitor.fetch(request, info) ?? notReady();

  get monitored(): Monitor["monitored"] {
    return this.#present.monitored;
  }

  get registry(): Monitor["registry"] {
    return this.#present.registry;
  }

  get watchers(): number {
    return this.#engine?.monitor.watchers ?? 0;
  }

  get deliveries(): Monitor["deliveries"] {
    return this.#present.deliveries;
  }

  /** Hands the tasks over to another node, helps clients over to it, and ends. */
  readonly shutdown = async (options: ShutdownOptions = {}): Promise<void> => {
    this.#isEnding = true;
    this.#gate.isLeaving = true;
    const isOwner = this.#shard !== null;
    const nodes = this.#cluster.lastHeartbeat?.nodes ?? [];
    this.#graceMs = options.graceMs;
    await this.#cluster.stop();
    if (isOwner && nodes.some((id) => id !== this.node)) {
      this.#gate.following = this.#followingBy(() => this.#findSuccessor());
      await this.#until(async () => {
        await this.#findSuccessor().catch(() => {});
        return this.#owner !== null && this.#owner.id !== this.node;
      }, SUCCESSOR_MS);
    }
    await this.#end((monitor) => monitor.shutdown(options));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#gate.isLeaving = true;
    this.#graceMs = 0;
    await this.#cluster.stop();
    await this.#end(async (monitor) => await monitor[Symbol.asyncDispose]());
  }

  async #end(end: (monitor: BuiltMonitor) => Promise<void>): Promise<void> {
    await this.#loading;
    const engine = this.#engine;
    engine?.follower.stop();
    await this.#hints.close();
    if (engine !== null) await end(engine.monitor);
    this.#engine = null;
    await this.#leases.close();
  }

  get #present(): BuiltMonitor {
    if (this.#engine === null) throw new ClosedError("The tasks are being loaded");
    return this.#engine.monitor;
  }

  async #load(): Promise<void> {
    const { options, limits, url } = this.#options;
    const store = await openFollowerStore({ url, limits, commitIntervalMs: limits.commitIntervalMs });
    const monitor = buildMonitor(options, () => store.store, {
      store: store.store,
      node: this.node.slice(0, SHOWN_CHARACTERS),
      gate: this.#gate,
      nodes: () => this.#nodes(),
      figures: () => this.#figures(),
      abandon: () => store.abandon(),
    });
    const follower = new Follower<PulledChanges>({
      database: { changes: () => this.#pull(store) },
      clock: SYSTEM_CLOCK,
      shard: SHARD,
      epoch: store.store.epoch,
      seq: store.store.seq,
      pollMs: POLL_MS,
      onChanges: ({ changes }) => changes.forEach((pulled) => monitor.follow(pulled)),
      onReset: () => this.#reload(),
    });
    this.#engine = { store, monitor, follower };
    this.#gate.following = this.#followingBy(() => follower.current());
    follower.wake();
  }

  async #pull(store: FollowerStore): Promise<Changes<PulledChanges>> {
    let pulled: PulledChanges;
    try {
      pulled = await store.pull();
    } catch (error) {
      this.#owner = null;
      throw error;
    }
    const { epoch, seq, owner, isFree, hasMore, gap } = pulled;
    this.#owner = isFree ? null : owner;
    if (isFree) this.#cluster.wake();
    // What was deleted before this node has seen it can only be loaded anew, as after a loss of commits.
    return { epoch: gap ? "" : epoch, changes: [pulled], seq, hasMore };
  }

  async #takeOver(shard: OwnedShard<ShardBatch>): Promise<void> {
    this.#shard = shard;
    while (this.#shard === shard) {
      try {
        await this.#loading;
        const engine = this.#engine;
        // What earlier owners have committed is complete now: their later commits are refused.
        await engine?.follower.current();
        if (engine === null || engine !== this.#engine || this.#shard !== shard) continue;
        engine.follower.stop();
        this.#gate.following = null;
        await engine.store.takeOver(shard);
        if (this.#shard !== shard) continue;
        engine.monitor.takeOver();
        this.#gate.owned = shard;
        this.#onNotice(`This node owns the tasks now (term ${shard.grant.term})`);
        return;
      } catch (error) {
        this.#onError(error);
        if (this.#gate.following === null) this.#reload();
        await delay(RETRY_MS);
      }
    }
  }

  #lost(shard: OwnedShard<ShardBatch>, reason: string): void {
    if (this.#shard !== shard) return;
    this.#shard = null;
    this.#gate.owned = null;
    if (this.#isEnding) return;
    this.#losses++;
    this.#onNotice(`This node no longer owns the tasks: ${reason}`);
    this.#reload();
  }

  /** Drops everything in memory and loads it anew; watchers reconnect. */
  #reload(): void {
    const old = this.#engine;
    this.#missedHints += old?.follower.missedHints ?? 0;
    this.#engine = null;
    this.#gate.following = null;
    old?.follower.stop();
    this.#loading = this.#loading
      .then(() => old?.monitor[Symbol.asyncDispose]())
      .catch(this.#onError)
      .then(() => this.#loadAgain());
  }

  async #loadAgain(): Promise<void> {
    while (!this.#isEnding) {
      try {
        return await this.#load();
      } catch (error) {
        this.#onError(error);
        await delay(RETRY_MS);
      }
    }
  }

  async #nodes(): Promise<readonly PresentNode[]> {
    const nodes = await this.#leases.members();
    return nodes.map((node) => ({ ...node, isHere: node.id === this.node }));
  }

  #figures(): NodeFigures {
    return {
      isOwner: this.#gate.isOwner,
      lost: this.#losses,
      forwarded: this.#gate.forwarder.counts,
      missedHints: this.#missedHints + (this.#engine?.follower.missedHints ?? 0),
    };
  }

  /** Ends the tasks of this process and commits everything. */
  async #handOver(): Promise<void> {
    await this.#engine?.monitor.settle(this.#graceMs).catch(this.#onError);
  }

  /** Looks for the new owner, without following what it commits. */
  async #findSuccessor(): Promise<void> {
    const nodes = await this.#leases.members();
    this.#owner = nodes.find(({ isOwner }) => isOwner) ?? null;
  }

  #followingBy(current: () => Promise<void>): Following {
    const owner = () => this.#owner;
    return {
      current,
      get owner() {
        return owner();
      },
    };
  }

  async #until(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs && !await isDone()) await delay(LOOK_MS);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Responds to a request while the tasks are loaded. */
function notReady(): Response {
  return new Response("The node is loading the tasks\n", { status: 503, headers: { "retry-after": "1" } });
}
