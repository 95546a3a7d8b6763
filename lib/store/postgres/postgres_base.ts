/**
 * The base class of the two kinds of PostgreSQL databases, which differ in how they commit.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import type { BatchMessage } from "../database/batch.ts";
import type { LogSearchRequest } from "../database/database.ts";
import type { LogMatches } from "../log_search.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, StoredTask, TaskRecord } from "../store.ts";
import type { PostgresReads } from "./postgres_reads.ts";

/** The part of a database that is the same for a single server and for a node of a cluster. */
export class PostgresBase {
  readonly name: string;
  readonly damaged = 0;
  readonly isSeparate = true;
  onLoss: ((error: StorageError) => void) | null = null;
  protected readonly reads: PostgresReads;
  /** The shard of the tasks; 0 if the database has the tasks of all shards. */
  protected readonly shard: number;
  #deliveries: Map<string, Delivery> = new Map();

  /**
   * @param reads reads the database
   * @param shard the shard of the tasks; 0 if the database has the tasks of all shards
   */
  constructor(reads: PostgresReads, shard: number) {
    this.reads = reads;
    this.shard = shard;
    this.name = reads.name;
  }

  async check(): Promise<void> {
    await this.reads.check();
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  ended(place: number, stored: TaskRecord): StoredTask {
    return this.reads.ended(place, stored);
  }

  atHand(stored: StoredTask): TaskRecord | null {
    return this.reads.atHand(stored);
  }

  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    return this.reads.records(tasks);
  }

  async sideRows<Entry>(
    table: SideTable<Entry>,
    place: number,
    range?: KeyRange,
  ): Promise<readonly SideRow[]> {
    return await this.reads.sideRows(table, place, range);
  }

  pastRunRows(
    client: string,
    name: string | null,
    sql: string,
    values: readonly (string | number)[],
  ): readonly SideRow[] {
    return this.reads.pastRunRows(client, name, sql, values);
  }

  async searchLog(request: LogSearchRequest): Promise<LogMatches> {
    return await this.reads.searchLog(request);
  }

  deliveries(): readonly Delivery[] {
    return [...this.#deliveries.values()];
  }

  async deliveryText(id: string): Promise<string | undefined> {
    return await this.reads.deliveryText(id);
  }

  /** Replaces the deliveries in memory with those in the database. */
  protected loaded(deliveries: readonly Delivery[]): void {
    this.#deliveries = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  }

  /**
   * Keeps the data of a committed batch that later reads need.
   *
   * @param batch the batch
   * @param deleted how many past runs the batch has deleted because of the limit on all runs
   */
  protected committed(batch: BatchMessage, deleted: number): void {
    for (
      const { 0: id, 1: receiver, 2: event, 3: client, 4: taskId, 5: seq, 6: at, 7: size } of batch.deliveries
    ) {
      this.#deliveries.set(id, { id, receiver, event, task: { client, id: taskId }, seq, at, size });
    }
    for (const id of batch.removedDeliveries) this.#deliveries.delete(id);
    this.reads.keepPastRuns(batch.pastRuns, this.shard, deleted);
    this.reads.purged(batch.purged);
  }
}
