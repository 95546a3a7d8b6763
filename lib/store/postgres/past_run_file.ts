/**
 * Keeps the summaries of past runs in a temporary file, so that they can be read in the same turn, and also while the
 * database cannot be reached.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type PastRunKey, type PastRunRow, PastRunRows } from "../database/past_run_rows.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { SideRow } from "../side_tables.ts";

/** The number of KiB of the file that are in memory. */
const CACHE_KIB = 4_096;

/** A temporary file with past runs, which the system removes when the process ends. */
export class PastRunFile implements Disposable {
  /** The past runs that were dropped because of the limit on all runs, until the database has dropped them, too. */
  dropped: PastRunKey[] = [];
  readonly #db: DatabaseSync;
  readonly #pastRuns: PastRunRows;
  readonly #queries: Map<string, StatementSync> = new Map();

  /** @param limits how many past runs to keep, and how long */
  constructor(limits: PastRunLimits) {
    this.#db = new DatabaseSync(":memory:");
    // SQLite moves temporary tables to an unlinked file once they exceed their cache.
    this.#db.exec(
      `PRAGMA temp_store = FILE; PRAGMA temp.journal_mode = OFF; PRAGMA temp.cache_size = -${CACHE_KIB};
       CREATE TEMP TABLE past_runs (client TEXT, name TEXT, finished_at REAL, id TEXT, state TEXT, created_at REAL,
         started_at REAL, PRIMARY KEY (client, name, finished_at, id)) WITHOUT ROWID;
       CREATE INDEX temp.past_runs_end ON past_runs (finished_at);
       CREATE INDEX temp.past_runs_client_end ON past_runs (client, finished_at)`,
    );
    this.#pastRuns = new PastRunRows(this.#db, limits);
  }

  /** Adds past runs, and drops those beyond the limits; {@linkcode PastRunFile.dropped} gets some of them. */
  add(rows: readonly PastRunRow[]): void {
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
