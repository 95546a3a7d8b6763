/**
 * Follows the tasks that another node owns, in a PostgreSQL database that the nodes of a cluster share, until this node
 * takes them over.
 *
 * @module
 */

import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { StorageError } from "../../errors.ts";
import { DatabaseStore } from "../database/database_store.ts";
import type { PulledChanges } from "../followed.ts";
import { TaskIndex } from "../task_index.ts";
import { beginSnapshot } from "./begin_snapshot.ts";
import { ChangePuller } from "./change_puller.ts";
import { Connection } from "./connection.ts";
import { lastPlace } from "./last_place.ts";
import { loadDeliveries } from "./load_deliveries.ts";
import { loadPastRuns } from "./load_past_runs.ts";
import { loadLive, loadTasks } from "./load_tasks.ts";
import { PastRunFile } from "./past_run_file.ts";
import { epochOf, GIVE_UP, LOCK_WAIT_MS, shareLock } from "./ownership.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { postgresError } from "./postgres_errors.ts";
import type { ShardBatch } from "./postgres_leases.ts";
import type { PostgresStoreOptions } from "./postgres_store.ts";
import { OWNER_STATEMENT } from "./pull_statements.ts";
import { migrate } from "./schema.ts";
import { SharedDatabase } from "./shared_database.ts";
import { refuseUnfinishedMove } from "./unfinished_move.ts";
import { useDatabase } from "./use_database.ts";

/** Returns the sequence number up to which removals may have been forgotten together with their client. */
const FORGOTTEN = "SELECT forgotten_seq AS forgotten FROM taskscope.shards WHERE id = 0";

/** The first commit of every owner. If its result is lost, it is repeated unchanged, even by another object. */
const FIRST_BATCH: ShardBatch = { seq: null, statements: [{ text: GIVE_UP }] };

/**
 * Opens a database to follow it, and creates its schema if it has none.
 *
 * @param options the URL and the limits
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used, or a server has it to itself
 */
export async function openFollowerStore(options: PostgresStoreOptions): Promise<FollowerStore> {
  return await useDatabase(options.url, async (connection, address) => {
    const { name } = address;
    await migrate(connection, name);
    await shareLock(connection, name, options.lockWaitMs ?? LOCK_WAIT_MS);
    await refuseUnfinishedMove(connection, name);
    const pastRuns = new PastRunFile(options.limits);
    try {
      const follower = await loadFollower(connection, address, pastRuns, options);
      await connection.end();
      return follower;
    } catch (error) {
      pastRuns[Symbol.dispose]();
      throw error;
    }
  });
}

/** Loads everything as of one moment, while another node may change it. */
async function loadFollower(
  connection: Connection,
  address: PostgresAddress,
  pastRuns: PastRunFile,
  options: PostgresStoreOptions,
): Promise<FollowerStore> {
  await beginSnapshot(connection);
  const { rows: [state] } = await connection.query(OWNER_STATEMENT);
  const { rows: [{ forgotten }] } = await connection.query(FORGOTTEN);
  const index = new TaskIndex(options.limits);
  const tasks = await loadTasks(connection, index);
  index.sortByChange(forgotten);
  await loadPastRuns(connection, pastRuns);
  await connection.query("COMMIT");
  const database = new SharedDatabase(address, pastRuns, options.limits);
  const store = new DatabaseStore(database, {
    epoch: epochOf(state.epoch, state.cluster),
    seq: state.committedSeq,
    reservedSeq: null,
    index,
    tasks,
  }, options);
  const puller = new ChangePuller({ address, epoch: store.epoch, index, database });
  return new FollowerStore({ address, store, database, index, puller });
}

/** The parts of a {@linkcode FollowerStore}. */
interface FollowerStoreParts {
  readonly address: PostgresAddress;
  readonly store: DatabaseStore;
  readonly database: SharedDatabase;
  readonly index: TaskIndex;
  readonly puller: ChangePuller;
}

/** The tasks of a cluster, as a node that does not own them knows them. */
export class FollowerStore {
  /**
   * The index, the reads and the figures. Its `takeOpened()` returns the tasks as of the opening, and after
   * {@linkcode FollowerStore.takeOver} those to go on with; only then it can be written.
   */
  readonly store: DatabaseStore;
  readonly #address: PostgresAddress;
  readonly #database: SharedDatabase;
  readonly #index: TaskIndex;
  readonly #puller: ChangePuller;

  /** @param parts what {@linkcode openFollowerStore} has loaded */
  constructor({ address, store, database, index, puller }: FollowerStoreParts) {
    this.store = store;
    this.#address = address;
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
    let connection: Connection | undefined;
    try {
      await shard.commit(FIRST_BATCH);
      connection = await Connection.open(this.#address);
      const { rows: [{ committedSeq }] } = await connection.query(OWNER_STATEMENT);
      if (committedSeq !== this.store.seq) throw new StorageError(name, "a change was not pulled");
      const live = await loadLive(connection);
      const deliveries = await loadDeliveries(connection);
      const clients = await connection.query("SELECT client, forgotten_seq AS seq FROM taskscope.clients");
      const { rows: [{ forgotten }] } = await connection.query(FORGOTTEN);
      this.#index.skip(await lastPlace(connection));
      this.#index.forget(new Map(clients.rows.map(({ client, seq }) => [client, seq])), forgotten);
      this.#database.own(shard, committedSeq, deliveries);
      this.store.takeOver(shard.grant.seq, shard.grant.reservedSeq, { live, ended: [] });
      await this.#puller.close();
    } catch (cause) {
      throw postgresError(name, cause);
    } finally {
      connection?.cut();
    }
  }

  /** Closes everything without committing what is not committed. */
  async abandon(): Promise<void> {
    await Promise.all([this.#puller.close(), this.store.abandon()]);
  }
}
