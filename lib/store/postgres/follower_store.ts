/**
 * Follows the tasks of a shard that another node owns, in a PostgreSQL database that the nodes of a cluster share, until
 * this node takes them over.
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

/** How long it may take to read what an owner must know, in milliseconds. */
const TAKE_OVER_MS = 60_000;

/** Returns the clients of the shard $1, and up to which sequence number their removals are forgotten. */
const CLIENTS =
  "SELECT client, forgotten_seq AS seq FROM taskscope.clients WHERE taskscope.shard_of(client) = $1";

/**
 * The first commit of each owner; `null` once it is done. If its result is lost, it is repeated unchanged, even by another
 * object.
 */
const FIRST_BATCHES: WeakMap<OwnedShard<ShardBatch>, ShardBatch | null> = new WeakMap();

/**
 * Makes the first commit of an owner: gives up what only the last one could restore, and lets all nodes know the cursor
 * that the owner begins with.
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
  /** The connection of the puller, which is not used while the node takes over. */
  readonly connection: ReopenedConnection;
  readonly store: DatabaseStore;
  readonly database: SharedDatabase;
  readonly index: TaskIndex;
  readonly puller: ChangePuller;
}

/** The tasks of a shard, as a node that does not own them knows them. */
export class FollowerStore {
  /**
   * The index, the reads and the figures. Its `takeOpened()` returns the tasks as of the opening, and after
   * {@linkcode FollowerStore.takeOver} those to go on with; only then it can be written.
   */
  readonly store: DatabaseStore;
  /** The number of the shard. */
  readonly shard: number;
  readonly #connection: ReopenedConnection;
  readonly #database: SharedDatabase;
  readonly #index: TaskIndex;
  readonly #puller: ChangePuller;

  /** @param parts what a `NodeDatabase` has loaded */
  constructor({ shard, connection, store, database, index, puller }: FollowerStoreParts) {
    this.shard = shard;
    this.store = store;
    this.#connection = connection;
    this.#database = database;
    this.#index = index;
    this.#puller = puller;
  }

  /**
   * Reads what was committed after `store.seq`: one round trip to the database, or two if there are log lines. Call this
   * again only after the changes were applied; do not call it after {@linkcode FollowerStore.takeOver}.
   *
   * @throws {StorageError} if the database cannot be read
   */
  async pull(): Promise<PulledChanges> {
    try {
      return await this.#puller.pull(this.store.seq);
    } catch (cause) {
      const error = postgresError(this.store.name, cause);
      // Whoever watches should know that there is no news for this reason.
      this.#database.onLoss?.(error);
      throw error;
    }
  }

  /**
   * Goes on with the tasks as their owner: gives up what only the last owner could restore, loads what an owner must
   * know, and makes the store writable. Call this when the shard was taken and {@linkcode FollowerStore.pull} finds no
   * more. If it fails although the node owns the shard, call it again, or let another follower of the same database try.
   *
   * @param shard the shard that this node has taken
   * @throws {StorageError} if this node does not own the shard any more, the database cannot be read, or a change was not
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
   * Follows again, after the shard was handed over.
   *
   * @returns `false` if not everything was committed, so that the shard must be loaded anew
   */
  stepDown(): boolean {
    if (this.#database.committedSeq !== this.store.seq || !this.store.stepDown()) return false;
    this.#database.disown();
    return true;
  }

  /** Drops everything without committing what is not committed. */
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
    // Each shard uses every so many places, so that those of two owners differ.
    this.#index.useEvery(SHARDS, this.shard, await lastPlace(connection));
    this.#index.forget(new Map(clients.rows.map(({ client, seq }) => [client, seq])), forgottenSeq);
    this.#database.own(shard, seq, deliveries);
    this.store.takeOver(seq, reservedSeq, { live, ended: [] });
  }
}
