/**
 * A shard as one node has loaded it: its tasks, which follow their owner until this node takes them over.
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

/** How often a follower looks for changes about which it was told nothing, in milliseconds. */
const POLL_MS = 1_000;

/** Options of an {@linkcode Engine}. */
export interface EngineOptions {
  readonly store: FollowerStore;
  readonly core: CoreOptions;
  /** Reads what the owner alone has of tasks that run. */
  readonly histories: LiveHistories;
  /** The gate of this engine, which closes with it. */
  readonly gate: TaskGate;
  /** Called when the lease of the owner has ended, or the owner has handed the shard over. */
  readonly onFree: () => void;
  /** Called with the owner as of each look into the database; `null` if there is none, or the database can't be read. */
  readonly onOwner: (owner: Owner | null) => void;
  /** Called if the tasks must be loaded anew, because commits are missing. */
  readonly onGap: () => void;
}

/** A shard until it must be loaded anew. */
export class Engine implements AsyncDisposable {
  readonly core: MonitorCore;
  readonly gate: TaskGate;
  readonly #options: EngineOptions;
  #follower: Follower<PulledChanges>;
  /** Whether another node owns the tasks. */
  #isFollowing = true;
  /** How many hints earlier followers have missed. */
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

  /** How many regular looks into the database have found changes about which no hint had come. */
  get missedHints(): number {
    return this.#missedHints + this.#follower.missedHints;
  }

  /** Looks for changes up to a sequence number; without one, for all. */
  wake(seq?: number): void {
    this.#follower.wake(seq);
  }

  /**
   * Takes the tasks over.
   *
   * @param owned the shard, whose lease this node has taken
   * @throws {Error} if the database cannot be used: the tasks must be loaded anew
   */
  async takeOver(owned: OwnedShard<ShardBatch>): Promise<void> {
    // What earlier owners have committed is complete now: their later commits are refused.
    await this.#follower.current();
    this.#follower.stop();
    this.#isFollowing = false;
    // Until then, reads are answered by what is known, as nobody else commits, and changes wait.
    const current = () =>
      owned.isServing ? Promise.resolve() : Promise.reject(new Error("The lease has ended"));
    this.gate.follow({ current, owner: () => null });
    await this.#options.store.takeOver(owned);
    this.core.takeOver();
    this.gate.follow(null);
    this.gate.own(owned);
  }

  /** Lets changes wait for another node, and commits everything, before the shard is handed over. */
  async prepareToStepDown(): Promise<void> {
    this.gate.beginHandOver();
    await this.gate.whenIdle();
    // If that took too long, the shard was given up without it.
    if (this.gate.isHandingOver) await this.core.prepareToStepDown();
  }

  /**
   * Makes this node a follower of the shard again, which it has handed over.
   *
   * @returns `false` if not everything was committed, so that the shard must be loaded anew
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

  /** Stops to follow the owner. */
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
    // Without the database, nobody knows who owns the tasks.
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
    // What was deleted before this node has seen it can only be loaded anew, as after a loss of commits.
    return { epoch: gap ? "" : epoch, changes: [pulled], seq, hasMore };
  }
}
