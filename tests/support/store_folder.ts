/**
 * A folder for the files of a store, and a look into them from beside it.
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

/** Bounds that no test reaches that does not set others. */
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

/** A folder with a database in it. Gone when it is disposed of; stores have to be closed before. */
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

  /** Opens a store, which commits only when it is asked to. */
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

  /** Another folder with the files as they are now: what a crash of this moment would leave. */
  crashed(): StoreFolder {
    const copy = new StoreFolder();
    for (const name of ["tasks.db", "tasks.db-wal"]) {
      Deno.copyFileSync(`${this.path}/${name}`, `${copy.path}/${name}`);
    }
    return copy;
  }

  /** Runs a query on a connection of its own. */
  query(sql: string, file: string = this.file): Record<string, unknown>[] {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  }

  /** Another connection, as another program has one. To be closed. */
  connect(): DatabaseSync {
    return new DatabaseSync(this.file);
  }

  /** Runs statements on a connection of its own. */
  execute(sql: string): void {
    const db = this.connect();
    try {
      db.exec(sql);
    } finally {
      db.close();
    }
  }

  /** How many rows the tables of tasks have. */
  rowCounts(): number[] {
    return TASK_TABLES.map((table) => Number(this.query(`SELECT count(*) AS n FROM ${table}`)[0]?.n));
  }

  /** A number from the table "meta". */
  meta(name: string): number {
    return Number(this.query(`SELECT value FROM meta WHERE name = '${name}'`)[0]?.value);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
