/**
 * What every use of a PostgreSQL database as a store has in common: reads on connections of their own, and what is kept
 * on this machine of what is committed.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import { summaryOf } from "../../task/task.ts";
import type { BatchMessage } from "../database/batch.ts";
import type { LogSearchRequest } from "../database/database.ts";
import type { PastRunRow } from "../database/past_run_rows.ts";
import { TaskOnDisk } from "../database/task_on_disk.ts";
import type { LogMatches } from "../log_search.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, StoredTask } from "../store.ts";
import { openReaders } from "./connection.ts";
import type { Pool, QueryConfig } from "./pg.d.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { postgresError } from "./postgres_errors.ts";
import type { RecordFile } from "./record_file.ts";
import { searchLog } from "./search_log.ts";
import { Sweeper } from "./sweeper.ts";

/** The part of a database that does not depend on how it is written. */
export class PostgresReads {
  readonly name: string;
  readonly damaged = 0;
  onLoss: ((error: StorageError) => void) | null = null;
  /** The records of ended tasks, and the past runs. */
  protected readonly records: RecordFile;
  /** Deletes the side tables of purged tasks; only the owner of the tasks may start it. */
  protected readonly sweeper: Sweeper;
  readonly #readers: Pool;
  #deliveries: Map<string, Delivery> = new Map();

  /**
   * @param address the database
   * @param records the records of ended tasks, which this object disposes of
   */
  constructor(address: PostgresAddress, records: RecordFile) {
    this.name = address.name;
    this.records = records;
    this.#readers = openReaders(address);
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
    this.records[Symbol.dispose]();
  }

  ended(place: number, stored: StoredTask): StoredTask {
    try {
      this.records.put(place, stored.json);
    } catch {
      // Without room for the temporary file, the record stays in memory.
      return stored;
    }
    return new TaskOnDisk(this.records, place, summaryOf(stored.task), stored.seq);
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
    return this.records.rows(sql, values);
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
    this.records.dropped = [];
    try {
      this.records.addPastRuns(rows);
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
    for (const place of batch.purged) this.records.delete(place);
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
