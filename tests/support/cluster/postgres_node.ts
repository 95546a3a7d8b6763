/**
 * A node of a cluster on PostgreSQL, without the registry and everything above it.
 *
 * @module
 */

import { OwnedShard } from "../../../lib/cluster/owned_shard.ts";
import { SYSTEM_CLOCK } from "../../../lib/cluster/system_clock.ts";
import type { DatabaseStore, DatabaseStoreLimits } from "../../../lib/store/database/database_store.ts";
import type { PulledChanges } from "../../../lib/store/followed.ts";
import type { FollowerStore } from "../../../lib/store/postgres/follower_store.ts";
import { Connection } from "../../../lib/store/postgres/connection.ts";
import { NodeDatabase } from "../../../lib/store/postgres/node_database.ts";
import { readAddress } from "../../../lib/store/postgres/postgres_address.ts";
import { PostgresLeases, type ShardBatch } from "../../../lib/store/postgres/postgres_leases.ts";
import type { EndedTask } from "../../../lib/store/store.ts";
import { AMPLE_LIMITS } from "../ample_limits.ts";
import { assert } from "../assert.ts";

/**
 * The length of a lease, in milliseconds: longer than any test, because tests make leases expire explicitly.
 */
const LEASE_MS = 120_000;

/** Puts all clients into the shard 0, so that tests need no others. */
async function putAllInOneShard(url: string): Promise<void> {
  const connection = await Connection.open(readAddress(url));
  await connection.query(
    "CREATE OR REPLACE FUNCTION taskscope.shard_of(client text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 0",
  );
  await connection.end();
}

/** A node, which is a follower until it takes the shard. */
export class PostgresNode implements AsyncDisposable {
  readonly database: NodeDatabase;
  readonly follower: FollowerStore;
  readonly leases: PostgresLeases;
  /** The tasks that have ended, as a registry remembers them. */
  readonly #ended: Map<string, EndedTask & { readonly seq: number }> = new Map();
  #shard: OwnedShard<ShardBatch> | null = null;

  private constructor(database: NodeDatabase, follower: FollowerStore, leases: PostgresLeases) {
    this.database = database;
    this.follower = follower;
    this.leases = leases;
    for (const ended of follower.store.takeOpened().ended) {
      const { seq } = follower.store.index.get(ended.client, ended.id)!;
      this.#ended.set(`${ended.client}/${ended.id}`, { ...ended, seq });
    }
  }

  /** Opens a node that follows. The node commits only when `committed()` is called. */
  static async open(
    url: string,
    id: string,
    limits: Partial<DatabaseStoreLimits> = {},
  ): Promise<PostgresNode> {
    const database = new NodeDatabase({
      url,
      limits: { ...AMPLE_LIMITS, ...limits },
      commitIntervalMs: 60_000,
      lockWaitMs: 0,
    }, () => 0);
    let follower: FollowerStore;
    try {
      [follower] = await database.load([0]) as [FollowerStore];
      await putAllInOneShard(url);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
    const holder = {
      node: id,
      leaseMs: LEASE_MS,
      address: `http://${id}`,
      version: "1.0.0",
      names: () => [],
    };
    const leases = new PostgresLeases(readAddress(url), holder);
    return new PostgresNode(database, follower, leases);
  }

  /** The tasks. */
  get store(): DatabaseStore {
    return this.follower.store;
  }

  /** The shard that the node owns. */
  get shard(): OwnedShard<ShardBatch> {
    assert(this.#shard !== null, "this node has not taken the shard");
    return this.#shard;
  }

  /** Pulls and applies everything that is committed; returns what was pulled. */
  async catchUp(): Promise<readonly PulledChanges[]> {
    const all: PulledChanges[] = [];
    for (let hasMore = true; hasMore;) {
      const pulled = await this.follower.pull();
      assert(!pulled.gap, "there is a gap");
      this.apply(pulled);
      all.push(pulled);
      ({ hasMore } = pulled);
    }
    return all;
  }

  /** Applies changes. */
  apply({ removed, tasks, seq }: PulledChanges): void {
    for (const removal of removed) {
      this.store.followRemoval(removal);
      this.#ended.delete(`${removal.client}/${removal.id}`);
    }
    for (const task of tasks) {
      const { client, stored: { id, seq }, endedAt } = task;
      this.store.followTask(task);
      if (endedAt !== null) this.#ended.set(`${client}/${id}`, { client, id, seq, endedAt });
      else this.#ended.delete(`${client}/${id}`);
    }
    this.store.followedTo(seq);
  }

  /** Takes the shard, which must be free. */
  async take(): Promise<void> {
    const sentAt = SYSTEM_CLOCK.now();
    const [grant] = await this.leases.take([0]);
    assert(grant !== undefined, "the shard is not free");
    this.#shard = new OwnedShard(this.leases, SYSTEM_CLOCK, grant, sentAt, LEASE_MS);
  }

  /** Takes the shard, and continues its tasks. */
  async takeOver(): Promise<void> {
    await this.take();
    await this.catchUp();
    await this.follower.takeOver(this.shard);
    const { live } = this.store.takeOpened();
    const ended = [...this.#ended.values()].sort((a, b) => a.seq - b.seq);
    const { seq, reservedSeq } = this.shard.grant;
    this.store.takeOver(seq, reservedSeq, { live, ended });
  }

  /** Commits everything, and frees the shard. */
  async handOver(): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    await this.leases.release([this.shard.grant]);
    await Promise.all([this.leases.close(), this.database[Symbol.asyncDispose]()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.follower.abandon();
    await Promise.all([this.leases.close(), this.database[Symbol.asyncDispose]()]);
  }
}
