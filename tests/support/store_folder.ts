/**
 * A temporary folder for the files of a store, with access to its database.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { TASK_TABLES } from "../../lib/store/sqlite/schema.ts";
import {
  SqliteStore,
  type SqliteStoreLimits,
  type SqliteStoreOptions,
} from "../../lib/store/sqlite/sqlite_store.ts";

/** Limits that a test does not reach unless it sets others. */
const AMPLE: SqliteStoreLimits = {
  logLinesPerTask: 1_000,
  logCharacters: 1_000_000,
  historyEntries: 1_000_000,
  progressPoints: 1_000_000,
  logLinesPerTaskOnDisk: 1_000,
  historyPerTask: 1_000,
  unsavedCharacters: 1_000_000,
  removalsPerClient: 1_000,
  emptyClients: 1_000,
};

/** Options of {@linkcode StoreFolder.open}. */
export interface OpenOptions extends Partial<Omit<SqliteStoreOptions, "limits">> {
  readonly limits?: Partial<SqliteStoreLimits>;
}

/** A folder with a database, removed on disposal; close its stores before. */
export class StoreFolder implements Disposable {
  /** The path of the folder. */
  readonly path: string;

  constructor() {
    this.path = Deno.makeTempDirSync({ prefix: "taskscope-" });
  }

  /** The path of the database. */
  get file(): string {
    return `${this.path}/tasks.db`;
  }

  /** Opens a store that commits only on `committed()`. */
  open(options: OpenOptions = {}): SqliteStore {
    return new SqliteStore({
      file: this.file,
      durability: "normal",
      epoch: "epoch",
      commitIntervalMs: 60_000,
      ...options,
      limits: { ...AMPLE, ...options.limits },
    });
  }

  /** Copies the files to another folder, as a crash at this moment would leave them. */
  crashed(): StoreFolder {
    const copy = new StoreFolder();
    for (const name of ["tasks.db", "tasks.db-wal"]) {
      Deno.copyFileSync(`${this.path}/${name}`, `${copy.path}/${name}`);
    }
    return copy;
  }

  /** Runs a query on a separate connection. */
  query(sql: string, file: string = this.file): Record<string, unknown>[] {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  }

  /** Opens another connection, like another program; close it. */
  connect(): DatabaseSync {
    return new DatabaseSync(this.file);
  }

  /** Runs statements on a separate connection. */
  execute(sql: string): void {
    const db = this.connect();
    try {
      // A worker that was terminated may hold its lock for another moment.
      db.exec("PRAGMA busy_timeout = 10000");
      db.exec(sql);
    } finally {
      db.close();
    }
  }

  /** The number of rows of each of {@linkcode TASK_TABLES}. */
  rowCounts(): number[] {
    return TASK_TABLES.map((table) => Number(this.query(`SELECT count(*) AS n FROM ${table}`)[0]?.n));
  }

  /** A number of the table "meta". */
  meta(name: string): number {
    return Number(this.query(`SELECT value FROM meta WHERE name = '${name}'`)[0]?.value);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
