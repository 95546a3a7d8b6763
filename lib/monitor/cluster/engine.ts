/**
 * A shard that one node has loaded: its tasks are copied from their owner until this node takes them over.
 *
 * @module
 */

import { Follower } from "../../cluster/follower.ts";
import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../cluster/system_clock.ts";
import type { LiveHistories } from "../../registry/registry_options.ts";
import type { PulledChanges } from "../../store/followed.ts";
import type { FollowerStore } from "../../store/postgres/follower_store.ts";
import type { ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { type CoreOptions, MonitorCore } from "../monitor_core.ts";
import type { Owner, TaskGate } from "./task_gate.ts";

/** The interval at which a follower looks for changes whose hints were lost, in milliseconds. */
const POLL_MS = 1_000;

/** Options of an {@linkcode Engine}. */
export interface EngineOptions {
  readonly store: FollowerStore;
  readonly core: CoreOptions;
  /** Reads the histories of running tasks that only their owner has in memory. */
  readonly histories: LiveHistories;
  /** The gate of this engine. When the engine is closed, its gate is closed, too. */
  readonly gate: TaskGate;
  /** Called if the lease of the owner has expired, or the owner has handed the shard over. */
  readonly onFree: () => void;
  /** Called after each query of the database with the owner that it names; `null` if there is none. */
  readonly onOwner: (owner: Owner | null) => void;
  /** Called if the tasks must be reloaded, because commits are missing. */
  readonly onGap: () => void;
}

/** One loaded copy of a shard; if the shard must be reloaded, a new engine replaces this one. */
export class Engine implements AsyncDisposable {
  readonly core: MonitorCore;
  readonly gate: TaskGate;
  readonly #options: EngineOptions;
  #follower: Follower<PulledChanges>;
  /** Whether another node owns the tasks. */
  #isFollowing = true;
  /** How many hints earlier followers of this engine have missed. */
  #missedHints = 0;
  #owner: Owner | null = null;

  /** @param options the shard as it was loaded, and the callbacks */
  constructor(options: EngineOptions) {
    const { store: follower, core, gate, histories } = options;
    const { store } = follower;
    this.#options = options;
    this.gate = gate;
    const close = () => follower.abandon();
    const parts = { store, followed: store, histories, unsavedEpoch: store.epoch, close };
    this.core = new MonitorCore(parts, core);
    this.#follower = this.#follow();
  }

  /** The number of the shard. */
  get shard(): number {
    return this.#options.store.shard;
  }

  /** How many regular queries of the database have found changes whose hint had not arrived. */
  get missedHints(): number {
    return this.#missedHints + this.#follower.missedHints;
  }

  /** Looks for changes in the database, unless this node already knows all changes up to the given sequence number. */
  wake(seq?: number): void {
    this.#follower.wake(seq);
  }

  /**
   * Takes the tasks over.
   *
   * @param owned the shard, of which this node has the lease
   * @throws {Error} if the database cannot be used; the tasks must then be reloaded
   */
  async takeOver(owned: OwnedShard<ShardBatch>): Promise<void> {
    // Earlier owners can commit nothing more, because this node has the lease; this reads the last of their commits.
    await this.#follower.current();
    this.#follower.stop();
    this.#isFollowing = false;
    // During the takeover, reads are answered from memory, because no other node commits, and changes wait.
    const current = () =>
      owned.isServing ? Promise.resolve() : Promise.reject(new Error("The lease has ended"));
    this.gate.follow({ current, owner: () => null });
    await this.#options.store.takeOver(owned);
    this.core.takeOver();
    this.gate.follow(null);
    this.gate.own(owned);
  }

  /** Makes new changes wait for the next owner, and commits everything, before the shard is handed over. */
  async prepareToStepDown(): Promise<void> {
    this.gate.beginHandOver();
    await this.gate.whenIdle();
    // If the wait took too long, the shard was already given up.
    if (this.gate.isHandingOver) await this.core.prepareToStepDown();
  }

  /**
   * Makes this node a follower again after it has handed the shard over.
   *
   * @returns `false` if not everything was committed, so that the shard must be reloaded
   */
  stepDown(): boolean {
    if (!this.#options.store.stepDown()) return false;
    this.core.stepDown();
    this.#missedHints += this.#follower.missedHints;
    this.#owner = null;
    this.gate.disown();
    this.#follower = this.#follow();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.gate.close();
    await this.core[Symbol.asyncDispose]();
  }

  /** Stops following the owner. */
  stop(): void {
    this.#follower.stop();
  }

  #follow(): Follower<PulledChanges> {
    const { store: { store, shard }, gate, onGap } = this.#options;
    this.#isFollowing = true;
    const follower = new Follower<PulledChanges>({
      database: { changes: () => this.#pull() },
      clock: SYSTEM_CLOCK,
      shard,
      epoch: store.epoch,
      seq: store.seq,
      pollMs: POLL_MS,
      onChanges: ({ changes }) => changes.forEach((pulled) => this.core.registry.follow(pulled)),
      onReset: onGap,
    });
    gate.follow({ current: () => follower.current(), owner: () => this.#owner });
    follower.wake();
    return follower;
  }

  async #pull(): Promise<{ epoch: string; changes: PulledChanges[]; seq: number; hasMore: boolean }> {
    const { store, onOwner, onFree } = this.#options;
    // If the database can't be read, the owner is unknown.
    const pulled = await store.pull().catch((error) => {
      this.#owner = null;
      throw error;
    });
    const { epoch, seq, owner, isFree, hasMore, gap } = pulled;
    if (this.#isFollowing) {
      this.#owner = isFree ? null : owner;
      onOwner(this.#owner);
      if (isFree) onFree();
    }
    // If removals were forgotten that this node has not seen, the shard must be reloaded, as after a loss of commits.
    return { epoch: gap ? "" : epoch, changes: [pulled], seq, hasMore };
  }
}
