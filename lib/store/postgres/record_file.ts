/**
 * Keeps the records of ended tasks and the summaries of past runs in a temporary file, so that they can be read
 * in the same turn, and also while the database cannot be reached.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import type { Task } from "../../task/task.ts";
import { type PastRunKey, type PastRunRow, PastRunRows } from "../database/past_run_rows.ts";
import type { RecordReader } from "../database/task_on_disk.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { SideRow } from "../side_tables.ts";

/** The number of KiB of the file that are in memory. */
const CACHE_KIB = 4_096;

/** A temporary file with records, which the system removes when the process ends. */
export class RecordFile implements RecordReader, Disposable {
  /** The past runs that were dropped because of the limit on all runs, until the database has dropped them, too. */
  dropped: PastRunKey[] = [];
  readonly #name: string;
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #get: StatementSync;
  readonly #delete: StatementSync;
  readonly #pastRuns: PastRunRows;
  readonly #queries: Map<string, StatementSync> = new Map();

  /**
   * @param name the name of the database that the records are of, for errors
   * @param limits how many past runs to keep, and how long
   */
  constructor(name: string, limits: PastRunLimits) {
    this.#name = name;
    this.#db = new DatabaseSync(":memory:");
    // SQLite moves temporary tables to an unlinked file once they exceed their cache.
    this.#db.exec(
      `PRAGMA temp_store = FILE; PRAGMA temp.journal_mode = OFF; PRAGMA temp.cache_size = -${CACHE_KIB};
       CREATE TEMP TABLE records (place INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
       CREATE TEMP TABLE past_runs (client TEXT, name TEXT, finished_at REAL, id TEXT, state TEXT, created_at REAL,
         started_at REAL, PRIMARY KEY (client, name, finished_at, id)) WITHOUT ROWID;
       CREATE INDEX temp.past_runs_end ON past_runs (finished_at);
       CREATE INDEX temp.past_runs_client_end ON past_runs (client, finished_at)`,
    );
    this.#pastRuns = new PastRunRows(this.#db, limits);
    this.#put = this.#db.prepare("INSERT OR REPLACE INTO records (place, record) VALUES (?, ?)");
    this.#get = this.#db.prepare("SELECT record FROM records WHERE place = ?");
    this.#delete = this.#db.prepare("DELETE FROM records WHERE place = ?");
  }

  /** Puts many records at once, which is faster. */
  fill(records: Iterable<readonly [place: number, record: string]>): void {
    this.#db.exec("BEGIN");
    try {
      for (const [place, record] of records) this.#put.run(place, record);
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  /** Puts or replaces a record. */
  put(place: number, record: string): void {
    this.#put.run(place, record);
  }

  json(place: number, id: string): string {
    try {
      const row = this.#get.get(place);
      if (row !== undefined) return String(row.record);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StorageError(this.#name, `its temporary file cannot be read (${reason})`, { cause });
    }
    throw new StorageError(this.#name, `the record of task "${id}" does not exist`);
  }

  task(place: number, id: string): Task {
    return JSON.parse(this.json(place, id));
  }

  /** Deletes a record, if it is known. */
  delete(place: number): void {
    this.#delete.run(place);
  }

  /** Adds past runs, and drops those beyond the limits; {@linkcode RecordFile.dropped} gets some of them. */
  addPastRuns(rows: readonly PastRunRow[]): void {
    this.#db.exec("BEGIN");
    try {
      for (const key of this.#pastRuns.write(rows)) this.dropped.push(key);
    } catch (error) {
      this.#pastRuns.rolledBack();
      throw error;
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  /** Returns the rows of a query of the table `past_runs`. */
  rows(sql: string, values: readonly (string | number)[]): readonly SideRow[] {
    let statement = this.#queries.get(sql);
    if (statement === undefined) this.#queries.set(sql, statement = this.#db.prepare(sql));
    return statement.all(...values).map((row) => Object.values(row) as SideRow);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
