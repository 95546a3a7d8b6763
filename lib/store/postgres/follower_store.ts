/**
 * Follows the tasks of a shard that another node owns, until this node takes the shard over. The nodes of the cluster
 * share a PostgreSQL database.
 *
 * @module
 */

import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { StorageError } from "../../errors.ts";
import type { DatabaseStore } from "../database/database_store.ts";
import type { PulledChanges } from "../followed.ts";
import type { TaskIndex } from "../task_index.ts";
import type { ChangePuller } from "./change_puller.ts";
import type { Connection } from "./connection.ts";
import { lastPlace } from "./last_place.ts";
import { loadDeliveries } from "./load_deliveries.ts";
import { loadLive } from "./load_tasks.ts";
import { giveUp } from "./ownership.ts";
import { postgresError } from "./postgres_errors.ts";
import type { ShardBatch } from "./postgres_leases.ts";
import { ownerStatement } from "./pull_statements.ts";
import type { ReopenedConnection } from "./reopened_connection.ts";
import { SHARDS } from "./schema.ts";
import { noteStatement, type SharedDatabase } from "./shared_database.ts";

/** How long it may take to read the data that an owner needs, in milliseconds. */
const TAKE_OVER_MS = 60_000;

/** Selects the clients of shard $1, with the sequence numbers up to which their removals were forgotten. */
const CLIENTS =
  "SELECT client, forgotten_seq AS seq FROM taskscope.clients WHERE taskscope.shard_of(client) = $1";

/**
 * The first commit of each owner; `null` once it is confirmed. If its result is lost, it is repeated unchanged, even by
 * another object.
 */
const FIRST_BATCHES: WeakMap<OwnedShard<ShardBatch>, ShardBatch | null> = new WeakMap();

/**
 * Makes the first commit of a new owner: deletes removed tasks, which only the previous owner could restore, and
 * publishes the cursor at which the new owner begins.
 *
 * @param owned the shard
 * @param afterSeq the last sequence number that is committed
 */
async function commitFirst(owned: OwnedShard<ShardBatch>, afterSeq: number): Promise<void> {
  let batch = FIRST_BATCHES.get(owned);
  if (batch === null) return;
  const { shard, seq } = owned.grant;
  batch ??= seq > afterSeq
    ? { seq, statements: [giveUp(shard), noteStatement({ shard, seq, afterSeq, places: [], removed: [] })] }
    : { seq: null, statements: [giveUp(shard)] };
  FIRST_BATCHES.set(owned, batch);
  await owned.commit(batch);
  FIRST_BATCHES.set(owned, null);
}

/** The parts of a {@linkcode FollowerStore}. */
interface FollowerStoreParts {
  readonly shard: number;
  /** The connection of the puller, which is free during a takeover. */
  readonly connection: ReopenedConnection;
  readonly store: DatabaseStore;
  readonly database: SharedDatabase;
  readonly index: TaskIndex;
  readonly puller: ChangePuller;
}

/** The tasks of a shard as a follower knows them. */
export class FollowerStore {
  /**
   * The store with the followed tasks. The store can be written only after {@linkcode FollowerStore.takeOver}. The
   * store's `takeOpened()` returns the tasks that it was opened with and, after a takeover, the tasks to continue.
   */
  readonly store: DatabaseStore;
  /** The number of the shard. */
  readonly shard: number;
  readonly #connection: ReopenedConnection;
  readonly #database: SharedDatabase;
  readonly #index: TaskIndex;
  readonly #puller: ChangePuller;

  /** @param parts the parts that a `NodeDatabase` has loaded */
  constructor({ shard, connection, store, database, index, puller }: FollowerStoreParts) {
    this.shard = shard;
    this.store = store;
    this.#connection = connection;
    this.#database = database;
    this.#index = index;
    this.#puller = puller;
  }

  /**
   * Reads the changes that were committed after `store.seq`, in one round trip to the database, or two if there are log
   * lines. Call this method again only after these changes were applied, and not after {@linkcode
   * FollowerStore.takeOver}.
   *
   * @throws {StorageError} if the database cannot be read
   */
  async pull(): Promise<PulledChanges> {
    try {
      return await this.#puller.pull(this.store.seq);
    } catch (cause) {
      const error = postgresError(this.store.name, cause);
      // Marks the store as degraded, so that watchers learn why there are no updates.
      this.#database.onLoss?.(error);
      throw error;
    }
  }

  /**
   * Continues the tasks as their owner: deletes removed tasks, which only the previous owner could restore, loads the
   * data that an owner needs, and makes the store writable. Call this method once this node has taken the shard and
   * {@linkcode FollowerStore.pull} returns no more changes. If this method fails although the node owns the shard, call
   * it again, or call it on another follower of the same database.
   *
   * @param shard the shard that this node has taken
   * @throws {StorageError} if this node no longer owns the shard, the database cannot be read, or a change was not
   *   pulled
   */
  async takeOver(shard: OwnedShard<ShardBatch>): Promise<void> {
    const { name } = this.store;
    try {
      await this.#connection.use((connection) => this.#takeOver(connection, shard), TAKE_OVER_MS);
    } catch (cause) {
      throw postgresError(name, cause);
    }
  }

  /**
   * Makes this store a follower again, after the shard was handed over.
   *
   * @returns `false` if not everything was committed, so that the shard must be reloaded
   */
  stepDown(): boolean {
    if (this.#database.committedSeq !== this.store.seq || !this.store.stepDown()) return false;
    this.#database.disown();
    return true;
  }

  /** Drops all tasks without committing pending changes. */
  async abandon(): Promise<void> {
    await this.store.abandon();
  }

  async #takeOver(connection: Connection, shard: OwnedShard<ShardBatch>): Promise<void> {
    const { rows: [{ committedSeq, forgottenSeq }] } = await connection.query(ownerStatement(this.shard));
    const { seq, reservedSeq } = shard.grant;
    if (committedSeq !== this.store.seq) throw new StorageError(this.store.name, "a change was not pulled");
    await commitFirst(shard, committedSeq);
    const live = await loadLive(connection, this.#index.unfinishedPlaces());
    const deliveries = await loadDeliveries(connection, this.shard);
    const clients = await connection.query({ text: CLIENTS, values: [this.shard] });
    if (!shard.isServing) throw new StorageError(this.store.name, "another node may own the tasks");
    // Each shard uses only every {@linkcode SHARDS}th place, so that no two owners use the same place.
    this.#index.useEvery(SHARDS, this.shard, await lastPlace(connection));
    this.#index.forget(new Map(clients.rows.map(({ client, seq }) => [client, seq])), forgottenSeq);
    this.#database.own(shard, seq, deliveries);
    this.store.takeOver(seq, reservedSeq, { live, ended: [] });
  }
}
