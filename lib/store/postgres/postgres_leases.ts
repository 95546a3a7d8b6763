/**
 * Keeps the leases of shards in PostgreSQL, and commits to shards.
 *
 * @module
 */

import {
  type CommitDatabase,
  type Fence,
  FenceError,
  type Grant,
  type Heartbeat,
  type LeaseDatabase,
  type ShardState,
  type Tenure,
} from "../../cluster/cluster_database.ts";
import { SEQ_BLOCK } from "../database/database_store.ts";
import type { Connection } from "./connection.ts";
import {
  fenceStatement,
  type Leaseholder,
  leaveStatement,
  MEMBERS_STATEMENT,
  NODES_STATEMENT,
  OWNERS_STATEMENT,
  releaseStatement,
  renewStatement,
  starterStatement,
  stateStatement,
  takeStatement,
} from "./lease_statements.ts";
import { epochOf, SHARE_LOCK } from "./ownership.ts";
import type { QueryConfig } from "./pg.d.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { codeOf } from "./postgres_errors.ts";
import { ReopenedConnection } from "./reopened_connection.ts";
import { transact } from "./transact.ts";

/** The statements of a commit. */
export interface ShardBatch {
  /** The last sequence number in the batch; `null` if it has none. */
  readonly seq: number | null;
  readonly statements: readonly QueryConfig[];
}

/** A node that is present. */
export interface ClusterMember {
  readonly id: string;
  /** The URL at which the other nodes reach this node; `null` if they don't need to. */
  readonly address: string | null;
  readonly version: string;
  /** When the node joined, in epoch seconds by the clock of the database. */
  readonly since: number;
  /** The number of shards that the node owns. */
  readonly shards: number;
}

/** The number of connections on which commits are sent. */
const WRITERS = 4;

/** The longest time that a commit may take, in milliseconds. */
const MOST_COMMIT_MS = 320_000;

/** The code of the error that a fence raises. */
const DIVISION_BY_ZERO = "22012";

/** The leases and the commits of one node. All errors except {@linkcode FenceError}s are errors of `pg`. */
export class PostgresLeases implements LeaseDatabase, CommitDatabase<ShardBatch> {
  readonly #holder: Leaseholder;
  readonly #limitMs: number;
  /** The connection for renewals, which is separate so that renewals never wait for a commit. */
  readonly #renewals: ReopenedConnection;
  /** The connections for commits; each shard always uses the same one of them. */
  readonly #commits: readonly ReopenedConnection[];
  /** The time limit of the next commit to each shard whose last commit took too long, in milliseconds. */
  readonly #commitMs: Map<number, number> = new Map();

  /**
   * Called at each heartbeat with the number of milliseconds by which the clock of the database is ahead of this
   * machine's clock.
   */
  onTime: ((aheadMs: number) => void) | null = null;
  /** The difference between the time of the database and the monotonic clock, in milliseconds. */
  #ahead = Date.now() - performance.now();

  /**
   * @param address the database
   * @param holder the node, and the length of its leases
   */
  constructor(address: PostgresAddress, holder: Leaseholder) {
    this.#holder = holder;
    this.#limitMs = holder.leaseMs / 2;
    // Every session takes the shared lock, so that no single server can take the database while a node is connected.
    this.#renewals = new ReopenedConnection(address, this.#limitMs, `SELECT ${SHARE_LOCK}`);
    this.#commits = Array.from({ length: WRITERS }, () => new ReopenedConnection(address, this.#limitMs));
  }

  /**
   * The time of the database, as estimated from the last heartbeat, in epoch milliseconds; before the first heartbeat,
   * the time of this machine.
   */
  get nowMs(): number {
    return performance.now() + this.#ahead;
  }

  async heartbeat(held: readonly Tenure[]): Promise<Heartbeat> {
    const [renewed, shards, nodes] = await this.#renewals.use((connection) =>
      Promise.all(
        [renewStatement(this.#holder, held), stateStatement(null), NODES_STATEMENT].map((statement) =>
          connection.query(statement)
        ),
      )
    );
    const [first] = nodes!.rows;
    if (first !== undefined) {
      this.#ahead = first.nowMs - performance.now();
      this.onTime?.(first.nowMs - Date.now());
    }
    return {
      renewed: renewed!.rows,
      shards: shards!.rows.map(shardState),
      nodes: nodes!.rows.map(({ id }) => id),
    };
  }

  async take(shards: readonly number[]): Promise<readonly Grant[]> {
    const rows = await this.#rows(takeStatement(this.#holder, shards));
    return rows.map(({ epoch, cluster, ...grant }) => ({
      ...grant,
      epoch: epochOf(epoch, cluster),
      seq: grant.reservedSeq - SEQ_BLOCK,
    }));
  }

  async release(held: readonly Tenure[]): Promise<void> {
    await this.#rows(releaseStatement(this.#holder, held));
  }

  /**
   * Lists the nodes that are present, oldest first.
   *
   * @throws {Error} of `pg`, or after the timeout
   */
  async members(): Promise<readonly ClusterMember[]> {
    return await this.#rows(MEMBERS_STATEMENT);
  }

  /**
   * Finds another live node that can start a function.
   *
   * @param name the name that the function is registered under
   * @returns the address of the node; `null` if there is none
   * @throws {Error} of `pg`, or after the timeout
   */
  async starter(name: string): Promise<string | null> {
    const [row] = await this.#rows(starterStatement(this.#holder, name));
    return row?.address ?? null;
  }

  /**
   * Returns the nodes that own shards, by shard.
   *
   * @throws {Error} of `pg`, or after the timeout
   */
  async owners(): Promise<ReadonlyMap<number, Pick<ClusterMember, "id" | "address">>> {
    const rows = await this.#rows(OWNERS_STATEMENT);
    return new Map(rows.map(({ shard, owner, address }) => [shard, { id: owner, address }]));
  }

  async leave(): Promise<void> {
    await this.#rows(leaveStatement(this.#holder));
  }

  async commit(fence: Fence, { seq, statements }: ShardBatch): Promise<void> {
    const limitMs = this.#commitMs.get(fence.shard) ?? this.#limitMs;
    // A commit that is only slow would never succeed if its time limit did not grow. No other node takes the shard
    // while the commit is in progress.
    this.#commitMs.set(fence.shard, Math.min(2 * limitMs, MOST_COMMIT_MS));
    await this.#writerOf(fence.shard).use(async (connection) => {
      try {
        const first = fenceStatement(this.#holder, fence, seq);
        await transact(connection, "write", [first, ...statements], limitMs);
      } catch (cause) {
        if (codeOf(cause) !== DIVISION_BY_ZERO) throw cause;
        throw new FenceError(`Commit ${fence.commits + 1} of shard ${fence.shard} was refused`, { cause });
      }
    }, limitMs);
    this.#commitMs.delete(fence.shard);
  }

  async shardState(shard: number): Promise<ShardState> {
    const [row] = await this.#writerOf(shard).use(async (connection) =>
      (await connection.query(stateStatement(shard))).rows
    );
    return shardState(row);
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#renewals, ...this.#commits].map((connection) => connection.close()));
  }

  #writerOf(shard: number): ReopenedConnection {
    return this.#commits[shard % WRITERS]!;
  }

  // deno-lint-ignore no-explicit-any -- the types of the columns depend on the statement
  #rows(statement: QueryConfig): Promise<any[]> {
    return this.#renewals.use(async (connection: Connection) => (await connection.query(statement)).rows);
  }
}

// deno-lint-ignore no-explicit-any -- as above
function shardState({ epoch, cluster, ...state }: any): ShardState {
  return { ...state, epoch: epochOf(epoch, cluster) };
}
