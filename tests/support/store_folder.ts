/**
 * A temporary folder for the files of an SQLite store, with direct access to its database.
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
import { AMPLE_LIMITS } from "./ample_limits.ts";

/** Options of {@linkcode StoreFolder.open}. */
export interface OpenOptions extends Partial<Omit<SqliteStoreOptions, "limits">> {
  readonly limits?: Partial<SqliteStoreLimits>;
}

/** A temporary folder with a database; disposal removes it, so its stores must be closed before. */
export class StoreFolder implements Disposable {
  /** The path of the folder. */
  readonly path: string;

  /** @param path the path of an existing folder; a new one by default */
  constructor(path: string = Deno.makeTempDirSync({ prefix: "taskscope-" })) {
    this.path = path;
  }

  /** The path of the database. */
  get file(): string {
    return `${this.path}/tasks.db`;
  }

  /** Opens a store that does not commit during the test unless `committed()` is called. */
  open(options: OpenOptions = {}): SqliteStore {
    return new SqliteStore({
      file: this.file,
      durability: "normal",
      epoch: "epoch",
      commitIntervalMs: 60_000,
      notice: (text) => {
        throw new Error(text);
      },
      ...options,
      limits: { ...AMPLE_LIMITS, ...options.limits },
    });
  }

  /** Copies the database to a new folder, in the state in which a crash at this moment would leave it. */
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

  /** Opens another connection to the database, as another program would; the caller must close it. */
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

  /** Returns the number of rows of each of {@linkcode TASK_TABLES}. */
  rowCounts(): number[] {
    return TASK_TABLES.map((table) => Number(this.query(`SELECT count(*) AS n FROM ${table}`)[0]?.n));
  }

  /** Returns a number from the table "meta". */
  meta(name: string): number {
    return Number(this.query(`SELECT value FROM meta WHERE name = '${name}'`)[0]?.value);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
