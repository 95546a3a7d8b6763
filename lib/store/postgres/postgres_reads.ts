/**
 * What every use of a PostgreSQL database as a store has in common: reads on connections of their own, and what is kept
 * on this machine of what is committed.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import type { BatchMessage } from "../database/batch.ts";
import type { LogSearchRequest } from "../database/database.ts";
import type { PastRunRow } from "../database/past_run_rows.ts";
import type { LogMatches } from "../log_search.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, StoredTask, TaskRecord } from "../store.ts";
import { openReaders } from "./connection.ts";
import type { PastRunFile } from "./past_run_file.ts";
import type { Pool, QueryConfig } from "./pg.d.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { postgresError } from "./postgres_errors.ts";
import { PostgresRecords } from "./postgres_records.ts";
import { searchLog } from "./search_log.ts";
import { Sweeper } from "./sweeper.ts";

/** The limits of a {@linkcode PostgresReads}. */
export interface PostgresLimits extends PastRunLimits {
  /** The maximum number of characters of records of ended tasks that are cached. */
  readonly recordCacheCharacters: number;
}

/** The part of a database that does not depend on how it is written. */
export class PostgresReads {
  readonly name: string;
  readonly damaged = 0;
  onLoss: ((error: StorageError) => void) | null = null;
  /** The past runs. */
  protected readonly pastRuns: PastRunFile;
  /** Deletes the side tables of purged tasks; only the owner of the tasks may start it. */
  protected readonly sweeper: Sweeper;
  readonly #readers: Pool;
  readonly #records: PostgresRecords;
  #deliveries: Map<string, Delivery> = new Map();

  /**
   * @param address the database
   * @param pastRuns the past runs, which this object disposes of
   * @param cacheCharacters the limit of the cache of records
   */
  constructor(address: PostgresAddress, pastRuns: PastRunFile, cacheCharacters: number) {
    this.name = address.name;
    this.pastRuns = pastRuns;
    this.#readers = openReaders(address);
    this.#records = new PostgresRecords((query) => this.#read(query), cacheCharacters);
    this.sweeper = new Sweeper(this.#readers);
  }

  async check(): Promise<void> {
    await this.#read({ text: "SELECT 1" });
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.sweeper.close();
    await this.#readers.end();
    this.pastRuns[Symbol.dispose]();
  }

  ended(place: number, stored: TaskRecord): StoredTask {
    return this.#records.ended(place, stored);
  }

  atHand(stored: StoredTask): TaskRecord | null {
    return this.#records.atHand(stored);
  }

  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    return this.#records.records(tasks);
  }

  async sideRows<Entry>(
    { name, columns, keyOf }: SideTable<Entry>,
    place: number,
    range?: KeyRange,
  ): Promise<readonly SideRow[]> {
    const select = `SELECT ${columns.join(", ")} FROM taskscope.${name} WHERE place = $1`;
    if (keyOf === null) return await this.#read({ text: select, values: [place] });
    const { from = 0, to = Infinity, most = Infinity } = range ?? {};
    const [key] = columns;
    return await this.#read({
      text: `${select} AND ${key} >= $2 AND ${key} < $3 ORDER BY ${key} LIMIT $4`,
      // In PostgreSQL, LIMIT NULL means no limit.
      values: [place, whole(from), whole(to), Number.isFinite(most) ? most : null],
    });
  }

  localRows(sql: string, ...values: (string | number)[]): readonly SideRow[] {
    return this.pastRuns.rows(sql, values);
  }

  async searchLog(request: LogSearchRequest): Promise<LogMatches> {
    try {
      return await searchLog(this.#readers, request);
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }

  deliveries(): readonly Delivery[] {
    return [...this.#deliveries.values()];
  }

  async deliveryText(id: string): Promise<string | undefined> {
    const [row] = await this.#read({
      text: "SELECT text FROM taskscope.deliveries WHERE id = $1",
      values: [id],
    });
    return row === undefined ? undefined : String(row[0]);
  }

  /** Keeps past runs that are committed. */
  keepPastRuns(rows: readonly PastRunRow[]): void {
    if (rows.length === 0) return;
    this.pastRuns.dropped = [];
    try {
      this.pastRuns.add(rows);
    } catch {
      // Without room for the temporary file, the runs are known only after the next start.
    }
  }

  /** Replaces the deliveries by those in the database. */
  protected loaded(deliveries: readonly Delivery[]): void {
    this.#deliveries = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  }

  /** Keeps what is needed of a batch that is committed. */
  protected committed(batch: BatchMessage): void {
    for (
      const { 0: id, 1: receiver, 2: event, 3: client, 4: taskId, 5: seq, 6: at, 7: size } of batch.deliveries
    ) {
      this.#deliveries.set(id, { id, receiver, event, task: { client, id: taskId }, seq, at, size });
    }
    for (const id of batch.removedDeliveries) this.#deliveries.delete(id);
    this.keepPastRuns(batch.pastRuns);
    if (batch.purged.length === 0) return;
    for (const place of batch.purged) this.#records.purged(place);
    this.sweeper.start();
  }

  async #read(query: QueryConfig): Promise<readonly SideRow[]> {
    try {
      return (await this.#readers.query({ ...query, rowMode: "array" })).rows;
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }
}

/** Returns a bound as a number that the server can read. */
function whole(number: number): number {
  return Number.isFinite(number) ? Math.ceil(number) : Number.MAX_SAFE_INTEGER;
}
