/**
 * Takes, keeps and hands over the shards of one node.
 *
 * @module
 */

import type { ClusterClock } from "./cluster_clock.ts";
import type { CommitDatabase, Heartbeat, LeaseDatabase } from "./cluster_database.ts";
import { evenShares } from "./even_shares.ts";
import { OwnedShard } from "./owned_shard.ts";

/** Durations of leases, in milliseconds. */
export interface LeaseTimes {
  /** The lease of a shard in the database. */
  readonly leaseMs: number;
  /** The interval between two renewals; at most a third of the lease. */
  readonly renewMs: number;
  /** How long before the end of its lease an owner stops to answer from memory. */
  readonly marginMs: number;
}

/**
 * Options of a {@linkcode ClusterNode}.
 *
 * @typeParam Batch the changes of a commit
 */
export interface ClusterNodeOptions<Batch> {
  /** The id of the node, which no other process, before or after, may have. */
  readonly node: string;
  readonly database: LeaseDatabase & CommitDatabase<Batch>;
  readonly clock: ClusterClock;
  readonly times: LeaseTimes;
  /** Called with every shard that the node takes: load it, then serve it. */
  readonly onTaken: (shard: OwnedShard<Batch>) => void;
  /** Called when the node no longer owns a shard: drop what is not committed. */
  readonly onLost: (shard: OwnedShard<Batch>, reason: string) => void;
  /**
   * Called before a shard is handed over: accept no further changes, and resolve once all are committed. Must not
   * reject, and need not resolve.
   */
  readonly onHandOver: (shard: OwnedShard<Batch>) => Promise<void>;
  /** Called after each heartbeat with the answer; `null` if there was none. */
  readonly onHeartbeat?: (heartbeat: Heartbeat | null) => void;
}

/**
 * One node: keeps its shards by heartbeats, takes free ones, and hands shards over to nodes that have fewer.
 *
 * @typeParam Batch the changes of a commit
 */
export class ClusterNode<Batch> {
  readonly #options: ClusterNodeOptions<Batch>;
  readonly #owned: Map<number, OwnedShard<Batch>> = new Map();
  /** The shards that are being handed over. */
  readonly #leaving: Map<number, Promise<void>> = new Map();
  #heartbeat: Heartbeat | null = null;
  #cancelTimer: (() => void) | null = null;
  /** The heartbeat in progress. */
  #beat: Promise<void> | null = null;
  #isDue = false;
  #isStopped = false;

  /** @param options the node, its database and the callbacks */
  constructor(options: ClusterNodeOptions<Batch>) {
    this.#options = options;
  }

  /** The shards that this node owns, by number. */
  get owned(): ReadonlyMap<number, OwnedShard<Batch>> {
    return this.#owned;
  }

  /** The answer to the last heartbeat; `null` before the first one. */
  get lastHeartbeat(): Heartbeat | null {
    return this.#heartbeat;
  }

  /** Sends a heartbeat now, and from now on regularly; call it also on a hint that a shard is free. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isDue = true;
    this.#beat ??= this.#run().finally(() => {
      this.#beat = null;
      if (this.#isDue) this.wake();
    });
  }

  /** Hands all shards over and leaves the cluster. Without the database, the leases expire by themselves. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isDue = false;
    this.#cancelTimer?.();
    await this.#beat;
    // The others no longer count this node when the first shard becomes free.
    await this.#options.database.leave().catch(() => {});
    await Promise.all([...this.#owned.values()].map((shard) => this.#handOver(shard)));
  }

  async #run(): Promise<void> {
    this.#isDue = false;
    this.#cancelTimer?.();
    const { database, clock, times } = this.#options;
    const sent = [...this.#owned.values()];
    const sentAt = clock.now();
    // Without an answer, leases run on, and the next heartbeat tries again.
    const heartbeat = await database.heartbeat(sent.map(({ grant }) => grant)).catch(() => null);
    if (heartbeat !== null) {
      this.#heartbeat = heartbeat;
      for (const shard of sent) this.#compare(shard, heartbeat);
      for (const { shard, term } of heartbeat.renewed) {
        const owned = this.#owned.get(shard);
        if (owned?.grant.term === term) owned.lease.renewed(sentAt);
      }
      if (!this.#isStopped) await this.#share(heartbeat);
    }
    this.#options.onHeartbeat?.(heartbeat);
    if (!this.#isStopped) this.#cancelTimer = clock.after(times.renewMs, () => this.wake());
  }

  /** Notices that a shard has another owner. */
  #compare(shard: OwnedShard<Batch>, { shards }: Heartbeat): void {
    const { grant } = shard;
    const state = shards.find((each) => each.shard === grant.shard);
    if (state === undefined || state.term !== grant.term || state.owner !== this.#options.node) {
      shard.depose(`its owner in term ${state?.term} is ${state?.owner ?? "nobody"}`);
    } else if (state.epoch !== grant.epoch) shard.depose("the database has another history");
  }

  async #share(heartbeat: Heartbeat): Promise<void> {
    const { node, database, clock } = this.#options;
    const kept = new Set([...this.#owned.keys()].filter((shard) => !this.#leaving.has(shard)));
    const { take, release } = evenShares(node, kept, heartbeat);
    for (const shard of [...kept].slice(kept.size - release)) void this.#handOver(this.#owned.get(shard)!);
    const wanted = take.filter((shard) => !this.#owned.has(shard));
    if (wanted.length === 0) return;
    const sentAt = clock.now();
    // If the answer is lost, the next heartbeat shows what this node has taken.
    for (const grant of await database.take(wanted).catch(() => [])) {
      const shard = new OwnedShard(database, clock, grant, sentAt, this.#validMs);
      this.#owned.set(grant.shard, shard);
      shard.onDeposed = (reason) => this.#lost(shard, reason);
      this.#options.onTaken(shard);
    }
  }

  get #validMs(): number {
    const { leaseMs, marginMs } = this.#options.times;
    return leaseMs - marginMs;
  }

  #lost(shard: OwnedShard<Batch>, reason: string): void {
    const { shard: number } = shard.grant;
    if (this.#owned.get(number) === shard) this.#owned.delete(number);
    this.#options.onLost(shard, reason);
  }

  #handOver(shard: OwnedShard<Batch>): Promise<void> {
    const { shard: number } = shard.grant;
    let leaving = this.#leaving.get(number);
    if (leaving === undefined) {
      leaving = this.#drainAndRelease(shard).finally(() => this.#leaving.delete(number));
      this.#leaving.set(number, leaving);
    }
    return leaving;
  }

  async #drainAndRelease(shard: OwnedShard<Batch>): Promise<void> {
    const { grant } = shard;
    await this.#drain(shard);
    if (this.#owned.get(grant.shard) !== shard) return;
    // Only a node that has stopped to serve the shard may free it.
    shard.depose("it was handed over");
    // Otherwise, the lease expires by itself.
    await this.#options.database.release([grant]).catch(() => {});
  }

  /** Waits until everything is committed; a database that does not respond must not keep the shard from others. */
  async #drain(shard: OwnedShard<Batch>): Promise<void> {
    const { clock, times, onHandOver } = this.#options;
    let cancel = () => {};
    const isLate = new Promise<void>((resolve) => cancel = clock.after(times.renewMs, resolve));
    await Promise.race([onHandOver(shard), isLate]).finally(() => cancel());
  }
}
