/**
 * Reads a PostgreSQL database on separate connections, and caches frequently read data on this machine.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import type { LogSearchRequest } from "../database/database.ts";
import type { PastRunRow } from "../database/past_run_rows.ts";
import { ClientTurns } from "../client_turns.ts";
import type { LogMatches } from "../log_search.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { StoredTask, TaskRecord } from "../store.ts";
import type { PastRunFile } from "./past_run_file.ts";
import type { QueryConfig } from "./pg.d.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { postgresError } from "./postgres_errors.ts";
import { PostgresRecords } from "./postgres_records.ts";
import { CONNECTIONS, Readers } from "./readers.ts";
import { searchLog } from "./search_log.ts";
import { Sweeper } from "./sweeper.ts";

/** The maximum number of searches of logs that take turns. */
const MAX_SEARCHES = 8;

/** The limits of a {@linkcode PostgresReads}. */
export interface PostgresLimits extends PastRunLimits {
  /** The maximum number of characters of records of ended tasks that are cached. */
  readonly recordCacheCharacters: number;
}

/** The reads of one database, for all of its shards. */
export class PostgresReads {
  /** The URL of the database, without a password. */
  readonly name: string;
  /** The local copy of the past runs. */
  readonly pastRuns: PastRunFile;
  /** Deletes the side tables of purged tasks; only the owner of tasks may start it. */
  readonly sweeper: Sweeper;
  readonly #readers: Readers;
  readonly #records: PostgresRecords;
  readonly #searches = new ClientTurns(MAX_SEARCHES);
  /** The statements of the searches, which leave half of the connections to other reads. */
  readonly #parts = new ClientTurns(CONNECTIONS / 2);

  /**
   * @param address the database
   * @param pastRuns the past runs, which this object disposes of
   * @param cacheCharacters the limit of the cache of records
   */
  constructor(address: PostgresAddress, pastRuns: PastRunFile, cacheCharacters: number) {
    this.name = address.name;
    this.pastRuns = pastRuns;
    this.#readers = new Readers(address);
    this.#records = new PostgresRecords((query) => this.#read(query), cacheCharacters);
    this.sweeper = new Sweeper(this.#readers);
  }

  /** Checks that the database can be read. */
  async check(): Promise<void> {
    await this.#read({ text: "SELECT 1" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sweeper.close();
    await this.#readers.close();
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

  pastRunRows(
    client: string,
    name: string | null,
    sql: string,
    values: readonly (string | number)[],
  ): readonly SideRow[] {
    try {
      return this.pastRuns.rows(client, name, sql, values);
    } catch (cause) {
      throw new StorageError(this.name, "the temporary file with past runs cannot be used", {
        cause,
        isRead: true,
      });
    }
  }

  /** Searches a log, after all earlier searches of the same client. */
  async searchLog(request: LogSearchRequest): Promise<LogMatches> {
    const { client } = request;
    const query = (config: QueryConfig) => this.#parts.run(client, () => this.#readers.query(config));
    try {
      return await this.#searches.run(client, () => searchLog(query, request));
    } catch (cause) {
      throw postgresError(this.name, cause, { isRead: true });
    }
  }

  async deliveryText(id: string): Promise<string | undefined> {
    const [row] = await this.#read({
      text: "SELECT text FROM taskscope.deliveries WHERE id = $1",
      values: [id],
    });
    return row === undefined ? undefined : String(row[0]);
  }

  /**
   * Adds committed past runs to the local copy.
   *
   * @param rows the past runs
   * @param shard their shard
   * @param deleted the number of dropped past runs of this shard that the commit has deleted
   */
  keepPastRuns(rows: readonly PastRunRow[], shard: number, deleted: number): void {
    if (rows.length === 0) return;
    this.pastRuns.deleted(shard, deleted);
    try {
      this.pastRuns.add(rows);
    } catch {
      // If there is no space for the temporary file, these runs are missing until the next start.
    }
  }

  /** Drops purged tasks from the cache, and starts the deletion of their side tables. */
  purged(places: readonly number[]): void {
    if (places.length === 0) return;
    for (const place of places) this.#records.purged(place);
    this.sweeper.start();
  }

  async #read(query: QueryConfig): Promise<readonly SideRow[]> {
    try {
      return (await this.#readers.query({ ...query, rowMode: "array" })).rows;
    } catch (cause) {
      throw postgresError(this.name, cause, { isRead: true });
    }
  }
}

/** Returns a bound as a number that the server can read. */
function whole(number: number): number {
  return Number.isFinite(number) ? Math.ceil(number) : Number.MAX_SAFE_INTEGER;
}
