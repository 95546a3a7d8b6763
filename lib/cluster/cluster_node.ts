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
  /** The interval between two renewals, from request to request; at most a third of the lease. */
  readonly renewMs: number;
  /** How long before the end of its lease an owner stops answering from memory. */
  readonly marginMs: number;
}

/**
 * Options of a {@linkcode ClusterNode}.
 *
 * @typeParam Batch the changes of a commit
 */
export interface ClusterNodeOptions<Batch> {
  /** The id of the node, which no other process may ever have, not even a later one. */
  readonly node: string;
  readonly database: LeaseDatabase & CommitDatabase<Batch>;
  readonly clock: ClusterClock;
  readonly times: LeaseTimes;
  /** Called with every shard that the node takes. The callback must load the shard, then serve it. */
  readonly onTaken: (shard: OwnedShard<Batch>) => void;
  /** Called when the node no longer owns a shard. The callback must drop all changes that are not committed. */
  readonly onLost: (shard: OwnedShard<Batch>, reason: string) => void;
  /**
   * Called before a shard is handed over. The callback must accept no further changes, and resolve once all changes are
   * committed. The callback must not reject; if it never resolves, the shard is handed over after a while.
   */
  readonly onHandOver: (shard: OwnedShard<Batch>) => Promise<void>;
  /** Called after each heartbeat with the answer of the database; `null` if the database did not respond. */
  readonly onHeartbeat?: (heartbeat: Heartbeat | null) => void;
}

/**
 * Represents one node: renews the leases of its shards with heartbeats, takes free shards, and hands shards over to
 * nodes that have fewer.
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

  /**
   * Hands all shards over and leaves the cluster. If the database can't be reached, the leases expire by themselves.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isDue = false;
    this.#cancelTimer?.();
    await this.#beat;
    // By the time the first shard becomes free, the other nodes no longer count this node.
    await this.#options.database.leave().catch(() => {});
    await Promise.all([...this.#owned.values()].map((shard) => this.#handOver(shard)));
  }

  async #run(): Promise<void> {
    this.#isDue = false;
    this.#cancelTimer?.();
    const { database, clock, times } = this.#options;
    const sent = [...this.#owned.values()];
    const sentAt = clock.now();
    // If there is no answer, the leases stay valid until they expire, and the next heartbeat tries to renew them.
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
    if (this.#isStopped) return;
    // The interval begins when the heartbeat was sent: one that hung leaves time for another before the leases end.
    const passedMs = clock.now().monotonicMs - sentAt.monotonicMs;
    this.#cancelTimer = clock.after(Math.max(0, times.renewMs - passedMs), () => this.wake());
  }

  /** Deposes this node as the owner of a shard if the database names another owner. */
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
    // A node may free a shard only after it has stopped serving it.
    shard.depose("it was handed over");
    // If the release fails, the lease expires by itself.
    await this.#options.database.release([grant]).catch(() => {});
  }

  /**
   * Waits until everything is committed, but not for ever: if the database does not respond, other nodes must get the
   * shard all the same.
   */
  async #drain(shard: OwnedShard<Batch>): Promise<void> {
    const { clock, times, onHandOver } = this.#options;
    let cancel = () => {};
    const isLate = new Promise<void>((resolve) => cancel = clock.after(times.renewMs, resolve));
    await Promise.race([onHandOver(shard), isLate]).finally(() => cancel());
  }
}
