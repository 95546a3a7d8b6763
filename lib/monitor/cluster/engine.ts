/**
 * The tasks of a cluster as one node has loaded them: a monitor that follows the owner, and can take over.
 *
 * @module
 */

import { Follower } from "../../cluster/follower.ts";
import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../cluster/system_clock.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import type { PulledChanges } from "../../store/followed.ts";
import type { FollowerStore } from "../../store/postgres/follower_store.ts";
import { NodeDatabase } from "../../store/postgres/node_database.ts";
import type { ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { buildMonitor, type BuiltMonitor, type ClusterMembership } from "../build_monitor.ts";
import type { MonitorOptions } from "../monitor_options.ts";
import type { Owner, TaskGate } from "./task_gate.ts";

/** All tasks are in one shard. */
const SHARD = 0;

/** How often a follower looks for changes about which it was told nothing, in milliseconds. */
const POLL_MS = 1_000;

/** Options of {@linkcode Engine.load}. */
export interface EngineOptions
  extends Pick<ClusterMembership, "node" | "nodes" | "figures" | "sink" | "workers" | "histories"> {
  readonly options: MonitorOptions;
  readonly limits: MonitorLimits;
  /** The URL of the database. */
  readonly url: string;
  /** The gate of this engine, which closes with it. */
  readonly gate: TaskGate;
  /** Called when the lease of the owner has ended, or the owner has handed the tasks over. */
  readonly onFree: () => void;
  /** Called with the owner as of each look into the database; `null` if there is none, or the database can't be read. */
  readonly onOwner: (owner: Owner | null) => void;
  /** Called if the tasks must be loaded anew, because commits are missing. */
  readonly onGap: () => void;
}

/** The monitor of a node until it must load the tasks anew. */
export class Engine implements AsyncDisposable {
  readonly monitor: BuiltMonitor;
  readonly gate: TaskGate;
  readonly #database: NodeDatabase;
  readonly #store: FollowerStore;
  readonly #follower: Follower<PulledChanges>;
  readonly #onFree: () => void;
  readonly #onOwner: (owner: Owner | null) => void;
  #owner: Owner | null = null;

  private constructor(
    database: NodeDatabase,
    store: FollowerStore,
    { options, gate, node, nodes, figures, sink, workers, histories, onFree, onOwner, onGap }: EngineOptions,
  ) {
    this.#database = database;
    this.#store = store;
    this.#onFree = onFree;
    this.#onOwner = onOwner;
    this.gate = gate;
    this.monitor = buildMonitor(options, () => store.store, {
      ...{ store: store.store, gate, node, nodes, figures, sink, workers, histories },
      abandon: () => this.#abandon(),
    });
    this.#follower = new Follower<PulledChanges>({
      database: { changes: () => this.#pull() },
      clock: SYSTEM_CLOCK,
      shard: SHARD,
      epoch: store.store.epoch,
      seq: store.store.seq,
      pollMs: POLL_MS,
      onChanges: ({ changes }) => changes.forEach((pulled) => this.monitor.follow(pulled)),
      onReset: onGap,
    });
    gate.follow({ current: () => this.#follower.current(), owner: () => this.#owner });
    this.#follower.wake();
  }

  /**
   * Loads the tasks and follows their owner.
   *
   * @param options the options of the monitor, and the callbacks
   * @throws {StorageError} if the database cannot be used
   */
  static async load(options: EngineOptions): Promise<Engine> {
    const { url, limits } = options;
    const database = new NodeDatabase({ url, limits, commitIntervalMs: limits.commitIntervalMs });
    let store: FollowerStore | undefined;
    try {
      [store] = await database.load([SHARD]);
      return new Engine(database, store!, options);
    } catch (error) {
      await store?.abandon();
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How many regular looks into the database have found changes about which no hint had come. */
  get missedHints(): number {
    return this.#follower.missedHints;
  }

  /** Looks for changes up to a sequence number; without one, for all. */
  wake(seq?: number): void {
    this.#follower.wake(seq);
  }

  /**
   * Takes the tasks over.
   *
   * @param shard the tasks, whose lease this node has taken
   * @throws {Error} if the database cannot be used: the tasks must be loaded anew
   */
  async takeOver(shard: OwnedShard<ShardBatch>): Promise<void> {
    // What earlier owners have committed is complete now: their later commits are refused.
    await this.#follower.current();
    this.#follower.stop();
    this.gate.follow(null);
    await this.#store.takeOver(shard);
    this.monitor.takeOver();
    this.gate.own(shard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.gate.close();
    await this.monitor[Symbol.asyncDispose]();
  }

  /** Stops to follow the owner. */
  stop(): void {
    this.#follower.stop();
  }

  async #abandon(): Promise<void> {
    await this.#store.abandon();
    await this.#database[Symbol.asyncDispose]();
  }

  async #pull(): Promise<{ epoch: string; changes: PulledChanges[]; seq: number; hasMore: boolean }> {
    // Without the database, nobody knows who owns the tasks.
    const pulled = await this.#store.pull().catch((error) => {
      this.#owner = null;
      throw error;
    });
    const { epoch, seq, owner, isFree, hasMore, gap } = pulled;
    this.#owner = isFree ? null : owner;
    this.#onOwner(this.#owner);
    if (isFree) this.#onFree();
    // What was deleted before this node has seen it can only be loaded anew, as after a loss of commits.
    return { epoch: gap ? "" : epoch, changes: [pulled], seq, hasMore };
  }
}
