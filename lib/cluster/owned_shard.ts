/**
 * Commits to a shard that this node owns.
 *
 * @module
 */

import type { ClusterClock, Moment } from "./cluster_clock.ts";
import { type CommitDatabase, FenceError, type Grant } from "./cluster_database.ts";
import { Lease } from "./lease.ts";

/** Thrown if this node no longer owns a shard. The changes that it has not committed are void. */
export class DeposedError extends Error {
  /** The name of the class. */
  override readonly name = "DeposedError";
}

/**
 * A shard that this node owns, with one commit at a time.
 *
 * @typeParam Batch the changes of a commit
 */
export class OwnedShard<Batch> {
  /** The state of the shard when the node took it. */
  readonly grant: Grant;
  /** Called once, when this node learns that it no longer owns the shard. */
  onDeposed: ((reason: string) => void) | null = null;
  /** The lease, which is renewed by heartbeats and by commits. */
  readonly lease: Lease;
  readonly #database: CommitDatabase<Batch>;
  readonly #clock: ClusterClock;
  /** The number of commits that are confirmed. */
  #commits: number;
  /** The batch of which it is unknown whether it was or will be committed. */
  #unconfirmed: Batch | undefined;
  #deposed: DeposedError | undefined;

  /**
   * @param database the database
   * @param clock the clock of the node
   * @param grant the state of the shard when the node took it
   * @param sentAt when the request that took the shard was sent
   * @param validMs see {@linkcode Lease}
   */
  constructor(
    database: CommitDatabase<Batch>,
    clock: ClusterClock,
    grant: Grant,
    sentAt: Moment,
    validMs: number,
  ) {
    this.grant = grant;
    this.lease = new Lease(clock, validMs, sentAt);
    this.#database = database;
    this.#clock = clock;
    this.#commits = grant.commits;
  }

  /** Whether this node may answer reads from its memory. */
  get isServing(): boolean {
    return this.#deposed === undefined && this.lease.isValid;
  }

  /**
   * Tries once to commit a batch. After any error but a {@linkcode DeposedError} the same batch must be committed again
   * before any other: the lost commit may still be carried out, and its success must not be mistaken for that of
   * another batch.
   *
   * @throws {DeposedError} if this node no longer owns the shard
   * @throws the error of the database if it is unknown whether the batch is committed
   */
  async commit(batch: Batch): Promise<void> {
    if (this.#deposed !== undefined) throw this.#deposed;
    if (this.#unconfirmed !== undefined && this.#unconfirmed !== batch) {
      throw new Error("An earlier batch is not confirmed yet; commit that one again");
    }
    this.#unconfirmed = batch;
    const sentAt = this.#clock.now();
    const { shard, term } = this.grant;
    try {
      await this.#database.commit({ shard, term, commits: this.#commits }, batch);
      this.lease.renewed(sentAt);
    } catch (error) {
      if (!(error instanceof FenceError)) throw error;
      await this.#resolve(error);
    }
    this.#commits++;
    this.#unconfirmed = undefined;
  }

  /**
   * Records that this node no longer owns the shard, so that every later commit fails.
   *
   * @param reason why, for the log
   */
  depose(reason: string): DeposedError {
    if (this.#deposed !== undefined) return this.#deposed;
    this.#deposed = new DeposedError(`This node no longer owns shard ${this.grant.shard}: ${reason}`);
    this.onDeposed?.(reason);
    return this.#deposed;
  }

  /** Finds out why a commit was refused. Returns if an earlier attempt has committed the batch; throws otherwise. */
  async #resolve(cause: FenceError): Promise<void> {
    const { shard, term, epoch } = this.grant;
    const state = await this.#database.shardState(shard);
    if (state.epoch !== epoch) throw this.depose("the database has another history");
    if (state.term !== term) {
      throw this.depose(`its owner in term ${state.term} is ${state.owner ?? "nobody"}`);
    }
    if (state.commits === this.#commits + 1) return;
    // The database has lost commits, as a restored backup has.
    if (state.commits !== this.#commits) throw this.depose("the database has lost commits");
    throw cause;
  }
}
