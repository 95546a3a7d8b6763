/**
 * The database that the nodes of a cluster share.
 *
 * @module
 */

/** A shard and the term in which a node owns it. */
export interface Tenure {
  /** The number of the shard, from 0. */
  readonly shard: number;
  /** The number of the term, which increases each time a node takes the shard. */
  readonly term: number;
}

/** The state of a shard that a node has taken. */
export interface Grant extends Tenure {
  /** Identifies the history of the shard; if it changes, commits may have been lost. */
  readonly epoch: string;
  /** The number of commits to the shard. */
  readonly commits: number;
  /** The last sequence number that an earlier owner used, or may have used. */
  readonly seq: number;
  /** The last sequence number that this owner may use. */
  readonly reservedSeq: number;
}

/**
 * Identifies a commit by its shard, term and number. The transaction of the commit must change nothing unless the
 * database has the same term and number.
 */
export interface Fence extends Tenure {
  /** The number of commits to the shard before this one. */
  readonly commits: number;
}

/** The state of a shard. */
export interface ShardState extends Fence {
  readonly epoch: string;
  /** The node that took the shard last; `null` if that node has handed it over. */
  readonly owner: string | null;
  /** Whether the lease has expired by the clock of the database. If it has, any node may take the shard. */
  readonly isFree: boolean;
}

/** The answer to a heartbeat. */
export interface Heartbeat {
  /** The state of every shard after the renewals. */
  readonly shards: readonly ShardState[];
  /**
   * The tenures whose leases were renewed. A shard that a commit has locked is left out: the commit renews its lease.
   */
  readonly renewed: readonly Tenure[];
  /** The ids of the nodes whose heartbeats have not expired, this one included. */
  readonly nodes: readonly string[];
}

/** Thrown if a commit was refused, because its fence does not match the state of the shard. Nothing was committed. */
export class FenceError extends Error {
  /** The name of the class. */
  override readonly name = "FenceError";
}

/**
 * The leases of shards, as one node sees them. Only the clock of the database decides when a lease expires.
 *
 * Every call is one transaction. If a call rejects with any error but a {@linkcode FenceError}, the transaction may
 * have been carried out, or may be later. Each call settles within half of a lease.
 */
export interface LeaseDatabase {
  /** Renews the leases of shards, and the presence of this node. */
  heartbeat(held: readonly Tenure[]): Promise<Heartbeat>;
  /**
   * Takes shards that are free, or whose last owner is this node, and begins a new term of each.
   *
   * @returns the shards that were taken
   */
  take(shards: readonly number[]): Promise<readonly Grant[]>;
  /** Frees shards, if this node still owns them in these terms. */
  release(held: readonly Tenure[]): Promise<void>;
  /** Ends the presence of this node. */
  leave(): Promise<void>;
}

/**
 * Commits to shards, and reads the states of shards.
 *
 * @typeParam Batch the changes of a commit
 */
export interface CommitDatabase<Batch> {
  /**
   * Commits a batch, counts the commit, and renews the lease, all or nothing.
   *
   * @throws {FenceError} if this node does not own the shard in the term, or the number of commits is not that of the
   * fence
   * @throws any other error if it is unknown whether the batch was or will be committed
   */
  commit(fence: Fence, batch: Batch): Promise<void>;
  /** Returns the state of a shard. */
  shardState(shard: number): Promise<ShardState>;
}

/**
 * The changes that were committed to a shard after a cursor.
 *
 * @typeParam Change a change
 */
export interface Changes<Change> {
  readonly epoch: string;
  /** The newest change of each record that has changed, ordered by sequence number. */
  readonly changes: readonly Change[];
  /** The cursor after these changes. */
  readonly seq: number;
  /** Whether the database has more changes after these. */
  readonly hasMore: boolean;
}

/**
 * Reads the committed changes of shards.
 *
 * @typeParam Change a change
 */
export interface ChangeDatabase<Change> {
  /** Reads the changes of a shard after a sequence number, as many as the database returns at a time. */
  changes(shard: number, afterSeq: number): Promise<Changes<Change>>;
}
