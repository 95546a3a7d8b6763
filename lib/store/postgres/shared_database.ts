/**
 * A shard of a PostgreSQL database that the nodes of a cluster share: every node reads it, and the one that owns it commits.
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

/** How often the rows about old commits are deleted, and how long they are kept, in milliseconds. */
const CLEAN_MS = 60_000;
const KEPT_MS = 600_000;

/** A batch, and what it was converted to. */
interface Converted {
  readonly message: BatchMessage;
  readonly batch: ShardBatch;
  /** How many past runs it deletes because of the limit on all runs. */
  readonly deleted: number;
}

/** A shard of the database, as a node uses it. */
export class SharedDatabase extends PostgresBase implements Database {
  readonly #limits: PastRunLimits;
  #owned: OwnedShard<ShardBatch> | null = null;
  /** The last sequence number that is committed. */
  #committedSeq = 0;
  /** The last batch, and what it was converted to: a shard repeats a batch only unchanged. */
  #last: Converted | null = null;
  #cleanedAtMs = -Infinity;

  /**
   * @param reads reads the database; others use it, too
   * @param shard the number of the shard
   * @param limits how many past runs to keep, and how long
   */
  constructor(reads: PostgresReads, shard: number, limits: PastRunLimits) {
    super(reads, shard);
    this.#limits = limits;
  }

  /**
   * Makes this node the one that commits.
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
    // That node has deleted what it had dropped.
    this.reads.keepPastRuns(rows, this.shard, Infinity);
  }

  /** Does nothing: the reads go on. */
  close(): void {}

  /** The last sequence number that is committed, as long as this node commits. */
  get committedSeq(): number {
    return this.#committedSeq;
  }

  /** Leaves the shard to another node. */
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

  /** Tells the other nodes what a commit changes, and sometimes deletes what they know for long. */
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

/** What a commit changes. */
interface Note {
  readonly shard: number;
  /** The last sequence number of the commit, and of the one before it. */
  readonly seq: number;
  readonly afterSeq: number;
  /** The places of the tasks that it changes. */
  readonly places: readonly number[];
  readonly removed: readonly (readonly [client: string, id: string, seq: number])[];
}

/** Returns the statement that tells the other nodes what a commit changes. */
export function noteStatement({ shard, seq, afterSeq, places, removed }: Note): QueryConfig {
  return {
    name: "note",
    text:
      `INSERT INTO taskscope.commits (shard, seq, after_seq, places, removed) VALUES ($1, $2, $3, $4, $5)`,
    values: [shard, seq, afterSeq, places, JSON.stringify(removed)],
  };
}

/** Returns the statement that changes numbers of the shard; the number of forgotten removals only rises. */
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
