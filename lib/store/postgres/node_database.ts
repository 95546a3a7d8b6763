/**
 * The PostgreSQL database of a cluster, as one node uses it: loads shards in order to follow them.
 *
 * @module
 */

import { shardOf } from "../../cluster/shard_of.ts";
import { DatabaseStore } from "../database/database_store.ts";
import { TaskIndex } from "../task_index.ts";
import { beginSnapshot } from "./begin_snapshot.ts";
import { ChangePuller, PULL_MS } from "./change_puller.ts";
import type { Connection } from "./connection.ts";
import { FollowerStore } from "./follower_store.ts";
import { loadPastRuns } from "./load_past_runs.ts";
import { loadTasks } from "./load_tasks.ts";
import { epochOf, LOCK_WAIT_MS, shareLock } from "./ownership.ts";
import { PastRunFile } from "./past_run_file.ts";
import { readAddress } from "./postgres_address.ts";
import { PostgresReads } from "./postgres_reads.ts";
import type { PostgresStoreOptions } from "./postgres_store.ts";
import { ownerStatement } from "./pull_statements.ts";
import { ReopenedConnection } from "./reopened_connection.ts";
import { migrate, SHARDS } from "./schema.ts";
import { SharedDatabase } from "./shared_database.ts";
import { refuseUnfinishedMove } from "./unfinished_move.ts";
import { useDatabase } from "./use_database.ts";

/** The connections of one node to the database. All shards share the connections for reads. */
export class NodeDatabase implements AsyncDisposable {
  readonly #options: PostgresStoreOptions;
  readonly #shardOf: (client: string) => number;
  readonly #reads: PostgresReads;
  /** The connection on which the changes of all shards are pulled. */
  readonly #connection: ReopenedConnection;
  #closed: Promise<unknown> | undefined;

  /**
   * @param options the URL and the limits
   * @param ofClient returns the shard of a client; must agree with the database
   * @throws {ConfigError} if the URL is invalid
   */
  constructor(options: PostgresStoreOptions, ofClient = (client: string) => shardOf(client, SHARDS)) {
    const { url, limits } = options;
    const address = readAddress(url);
    this.#options = options;
    this.#shardOf = ofClient;
    this.#connection = new ReopenedConnection(address, PULL_MS);
    this.#reads = new PostgresReads(address, new PastRunFile(limits, ofClient), limits.recordCacheCharacters);
  }

  /**
   * Loads a consistent snapshot of shards, even while other nodes change them, and creates the schema if there is none.
   *
   * @param shards the numbers of the shards
   * @returns the shards in the same order
   * @throws {StorageError} if the database cannot be used, or a single server owns all of it
   */
  async load(shards: readonly number[]): Promise<readonly FollowerStore[]> {
    const { url, lockWaitMs = LOCK_WAIT_MS } = this.#options;
    return await useDatabase(url, async (connection, { name }) => {
      await migrate(connection, name);
      await shareLock(connection, name, lockWaitMs);
      await refuseUnfinishedMove(connection, name);
      const loaded = await this.#load(connection, shards);
      await connection.end();
      return loaded;
    });
  }

  /** Closes the connections. Abandon the shards first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closed ??= Promise.all([this.#connection.close(), this.#reads[Symbol.asyncDispose]()]));
  }

  async #load(connection: Connection, shards: readonly number[]): Promise<readonly FollowerStore[]> {
    const { limits } = this.#options;
    const ofShard = { ...limits, emptyClients: Math.ceil(limits.emptyClients / SHARDS) };
    await beginSnapshot(connection);
    const states = await Promise.all(shards.map((shard) => connection.query(ownerStatement(shard))));
    const indexes = new Map(shards.map((shard) => [shard, new TaskIndex(ofShard)]));
    // The past runs may be newer than the tasks. If a run is pulled again with its task, it is still kept only once.
    const [tasks] = await Promise.all([
      loadTasks(connection, (client) => indexes.get(this.#shardOf(client)) ?? null),
      loadPastRuns(readAddress(this.#options.url), this.#reads.pastRuns),
    ]);
    await connection.query("COMMIT");
    return shards.map((shard, at) => {
      const index = indexes.get(shard)!;
      const { epoch, cluster, committedSeq, forgottenSeq } = states[at]!.rows[0];
      index.sortByChange(forgottenSeq);
      const database = new SharedDatabase(this.#reads, shard, limits);
      const opened = { reservedSeq: null, index, tasks: tasks.get(index) ?? { live: [], ended: [] } };
      const store = new DatabaseStore(
        database,
        { epoch: epochOf(epoch, cluster), seq: committedSeq, ...opened },
        this.#options,
      );
      const connection = this.#connection;
      const puller = new ChangePuller({ connection, shard, epoch: store.epoch, index, database });
      return new FollowerStore({ shard, connection, store, database, index, puller });
    });
  }
}
