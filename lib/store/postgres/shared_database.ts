/**
 * A shard of a PostgreSQL database that the nodes of a cluster share: every node reads the shard, and its owner
 * commits.
 *
 * @module
 */

import type { OwnedShard } from "../../cluster/owned_shard.ts";
import { StorageError } from "../../errors.ts";
import type { BatchMessage, DirtyTask } from "../database/batch.ts";
import type { Database } from "../database/database.ts";
import type { PastRunRow } from "../database/past_run_rows.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { Delivery } from "../store.ts";
import { changedNumbers } from "./changed_numbers.ts";
import { commitStatements } from "./commit_statements.ts";
import { lastSeq } from "./last_seq.ts";
import { pastRunStatements } from "./past_run_statements.ts";
import type { QueryConfig } from "./pg.d.ts";
import { PostgresBase } from "./postgres_base.ts";
import { postgresError } from "./postgres_errors.ts";
import type { ShardBatch } from "./postgres_leases.ts";
import type { PostgresReads } from "./postgres_reads.ts";

/** The interval at which rows about old commits are deleted, and how long these rows are kept, in milliseconds. */
const CLEAN_MS = 60_000;
const KEPT_MS = 600_000;

/** A batch, and the statements that it was converted to. */
interface Converted {
  readonly message: BatchMessage;
  readonly batch: ShardBatch;
  /** The number of past runs that the batch deletes because of the limit on all runs. */
  readonly deleted: number;
}

/** A shard of the database, as a node uses it. */
export class SharedDatabase extends PostgresBase implements Database {
  readonly #limits: PastRunLimits;
  #owned: OwnedShard<ShardBatch> | null = null;
  /** The last sequence number that is committed. */
  #committedSeq = 0;
  /**
   * The last converted batch, which is reused if the batch is committed again, because a batch must be repeated
   * unchanged.
   */
  #last: Converted | null = null;
  #cleanedAtMs = -Infinity;

  /**
   * @param reads reads the database; the shards of a node share it
   * @param shard the number of the shard
   * @param limits how many past runs to keep, and how long
   */
  constructor(reads: PostgresReads, shard: number, limits: PastRunLimits) {
    super(reads, shard);
    this.#limits = limits;
  }

  /**
   * Makes this node the owner, which commits.
   *
   * @param owned the shard that the node has taken
   * @param committedSeq the last sequence number that is committed
   * @param deliveries the deliveries of the shard in the database
   */
  own(owned: OwnedShard<ShardBatch>, committedSeq: number, deliveries: readonly Delivery[]): void {
    this.#owned = owned;
    this.#committedSeq = committedSeq;
    this.loaded(deliveries);
    this.reads.sweeper.start();
  }

  /** Keeps past runs that another node has committed. */
  keepPastRuns(rows: readonly PastRunRow[]): void {
    // The other node has also deleted the past runs that it dropped.
    this.reads.keepPastRuns(rows, this.shard, Infinity);
  }

  /** Does nothing, because other shards use the reads, too. */
  close(): void {}

  /** The last committed sequence number, while this node owns the shard. */
  get committedSeq(): number {
    return this.#committedSeq;
  }

  /** Ends this node's ownership of the shard. */
  disown(): void {
    this.#owned = null;
    this.loaded([]);
  }

  async write(message: BatchMessage, tasks: ReadonlyMap<number, DirtyTask>): Promise<void> {
    if (this.#owned === null) throw new StorageError(this.name, "another node owns the tasks");
    if (this.#last?.message !== message) this.#last = this.#convert(message, tasks);
    const { batch, deleted } = this.#last;
    try {
      await this.#owned.commit(batch);
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
    this.#committedSeq = batch.seq ?? this.#committedSeq;
    this.#last = null;
    this.committed(message, deleted);
  }

  #convert(message: BatchMessage, tasks: ReadonlyMap<number, DirtyTask>): Converted {
    const seq = lastSeq(message);
    const dropped = this.reads.pastRuns.droppedOf(this.shard);
    const batch = {
      seq,
      statements: [
        ...numberStatements(this.shard, message),
        ...commitStatements(message, tasks),
        ...pastRunStatements(message.pastRuns, this.#limits, dropped),
        ...(seq === null ? [] : this.#noteStatements(message, seq)),
      ],
    };
    return { message, batch, deleted: dropped.length };
  }

  /**
   * Returns the statements that record for the other nodes what a commit changes, and that sometimes delete old records
   * of this kind.
   */
  #noteStatements({ tasks, removals }: BatchMessage, seq: number): QueryConfig[] {
    const { shard } = this;
    const removed = removals.map(([client, removedSeq, id]) => [client, id, removedSeq] as const);
    const places = tasks.map(([place]) => place);
    const note = noteStatement({ shard, seq, afterSeq: this.#committedSeq, places, removed });
    if (performance.now() - this.#cleanedAtMs < CLEAN_MS) return [note];
    this.#cleanedAtMs = performance.now();
    return [note, {
      text: `DELETE FROM taskscope.commits
        WHERE shard = $1 AND seq < $2 AND at < now() - $3 * interval '1 millisecond'`,
      values: [shard, seq, KEPT_MS],
    }];
  }
}

/** The record of what a commit changes. */
interface Note {
  readonly shard: number;
  /** The last sequence number of the commit, and of the one before it. */
  readonly seq: number;
  readonly afterSeq: number;
  /** The places of the tasks that the commit changes. */
  readonly places: readonly number[];
  readonly removed: readonly (readonly [client: string, id: string, seq: number])[];
}

/** Returns the statement that records for the other nodes what a commit changes. */
export function noteStatement({ shard, seq, afterSeq, places, removed }: Note): QueryConfig {
  return {
    name: "note",
    text:
      `INSERT INTO taskscope.commits (shard, seq, after_seq, places, removed) VALUES ($1, $2, $3, $4, $5)`,
    values: [shard, seq, afterSeq, places, JSON.stringify(removed)],
  };
}

/** Returns the statement that updates the counters of the shard; `forgotten_seq` never decreases. */
function numberStatements(shard: number, message: BatchMessage): QueryConfig[] {
  const changed = changedNumbers(message);
  if (changed.length === 0) return [];
  const columns = changed.map(([name], index) =>
    name === "forgotten_seq" ? `${name} = greatest(${name}, $${index + 2})` : `${name} = $${index + 2}`
  );
  return [{
    text: `UPDATE taskscope.cluster_shards SET ${columns.join()} WHERE id = $1`,
    values: [shard, ...changed.map(([, value]) => value)],
  }];
}
