/**
 * Writes batches into a database, in the writer's worker.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { SIDE_TABLES, type SideTable } from "../side_tables.ts";
import type { Durability } from "../store.ts";
import type { BatchMessage, SideTableMessage } from "../database/batch.ts";
import { PastRunRows } from "../database/past_run_rows.ts";
import { InsertStatement } from "../database/insert_statement.ts";
import { Statements } from "../database/statements.ts";
import { SUMMARY_COLUMNS } from "../database/summary_row.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import { placeOf } from "./file_lock.ts";
import { recordChecksum } from "./record_checksum.ts";
import { TASK_TABLES } from "./schema.ts";

/** The maximum time that a commit waits for another program's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * The maximum size of the page cache, in KiB. SQLite's default of 2,000 is too small for commits that change a thousand
 * tasks: pages would be written before the commit and read again.
 */
const CACHE_KIB = 16 * 1024;

type Row = readonly (string | number | null)[];

/** The only writer of a database. */
export class DatabaseWriter implements Disposable {
  readonly #file: string;
  /** The path of the write-ahead log, which SQLite names after the real path of the file. */
  readonly #log: string;
  readonly #inode: number | null;
  readonly #db: DatabaseSync;
  readonly #pastRuns: PastRunRows;
  readonly #statements: Statements;
  readonly #inserts: ReturnType<typeof insertStatements>;
  /** The inode of the write-ahead log; `null` until the first write has created the log. */
  #logInode: number | null = null;

  /**
   * @param file the path of a database that has its schema
   * @param durability the durability of commits
   * @param pastRuns how many past runs to keep, and how long
   */
  constructor(file: string, durability: Durability, pastRuns: PastRunLimits) {
    this.#file = file;
    this.#log = `${placeOf(file)}-wal`;
    this.#db = new DatabaseSync(file);
    this.#statements = new Statements(this.#db);
    this.#inserts = insertStatements(this.#db);
    this.#pastRuns = new PastRunRows(this.#db, pastRuns);
    this.#inode = inodeOf(file);
    this.#db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // In WAL mode, NORMAL loses no commit when the process ends, and at most the last few commits in a power
    // cut.
    this.#db.exec(`PRAGMA synchronous = ${durability}`);
    // A negative number is a size in KiB, a positive one a number of pages (SQLite, PRAGMA cache_size).
    this.#db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  }

  /**
   * Writes a batch in one transaction. Throws if the batch may be lost, even if SQLite reports no error.
   *
   * @param batch the rows to write
   * @param onCommit called when SQLite has committed the batch, but it may still be lost
   */
  write(batch: BatchMessage, onCommit: () => void = () => {}): void {
    this.#run("BEGIN IMMEDIATE");
    try {
      this.#writeRows(batch);
      this.#run("COMMIT");
    } catch (error) {
      // After some errors, such as a full disk, SQLite has already ended the transaction.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#pastRuns.rolledBack();
      throw error;
    }
    onCommit();
    // If the file was deleted, the commit went nowhere. Writing the batch again is harmless.
    this.#logInode ??= inodeOf(this.#log);
    this.checkExists();
  }

  /** Moves the write-ahead log into the database file. */
  checkpoint(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /**
   * Throws if the database or its write-ahead log was deleted or replaced. SQLite itself would continue to
   * write without an error, and the data would be lost.
   */
  checkExists(): void {
    if (inodeOf(this.#file) !== this.#inode) throw new Error("not the file that was opened");
    if (this.#logInode !== null && inodeOf(this.#log) !== this.#logInode) {
      throw new Error("not the file that was opened: its write-ahead log is another one");
    }
  }

  #writeRows(batch: BatchMessage): void {
    const { tasks, records, runs, removals, deliveries } = this.#inserts;
    tasks.run(batch.tasks.map(([place, client, id, seq, endedAt]) => [place, client, id, seq, endedAt]));
    records.run(batch.tasks.map(([place, , , , , record]) => [place, recordChecksum(place, record), record]));
    runs.run(batch.runs);
    this.#pastRuns.write(batch.pastRuns);
    this.#runAll("UPDATE tasks SET removed = 1 WHERE place = ?", batch.removed.map((place) => [place]));
    for (const side of batch.side) this.#writeSideTable(side);
    if (batch.purged.length > 0) {
      const places = JSON.stringify(batch.purged);
      for (const table of TASK_TABLES) {
        this.#run(`DELETE FROM ${table} WHERE place IN (SELECT value FROM json_each(?))`, [places]);
      }
    }
    removals.run(batch.removals);
    for (const [client, lastSeq, forgottenSeq] of batch.clients) {
      this.#run("INSERT OR REPLACE INTO clients (client, last_seq, forgotten_seq) VALUES (?, ?, ?)", [
        client,
        lastSeq,
        forgottenSeq,
      ]);
      this.#run("DELETE FROM removals WHERE client = ? AND seq <= ?", [client, forgottenSeq]);
    }
    for (const table of ["clients", "removals"]) {
      this.#runAll(
        `DELETE FROM ${table} WHERE client = ?`,
        batch.forgottenClients.map((client) => [client]),
      );
    }
    deliveries.run(batch.deliveries);
    this.#runAll("DELETE FROM deliveries WHERE id = ?", batch.removedDeliveries.map((id) => [id]));
    this.#runAll("INSERT OR REPLACE INTO meta (name, value) VALUES (?, CAST(? AS INTEGER))", batch.meta);
  }

  #writeSideTable({ table: name, rows, cuts }: SideTableMessage): void {
    this.#inserts.side.get(name)!.run(rows);
    if (cuts.length === 0) return;
    this.#runAll(cutStatement(SIDE_TABLES.find((table) => table.name === name)!), cuts);
  }

  #runAll(sql: string, rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const statement = this.#statements.of(sql);
    for (const row of rows) statement.run(...row);
  }

  #run(sql: string, row: Row = []): void {
    this.#statements.of(sql).run(...row);
  }
}

/**
 * Returns the statements that insert rows. They replace rows that exist, so that a batch can be written again if its
 * commit was not confirmed.
 */
function insertStatements(db: DatabaseSync) {
  const replace = (table: string, ...columns: readonly string[]) =>
    new InsertStatement(db, `INSERT OR REPLACE INTO ${table}`, columns);
  return {
    tasks: new InsertStatement(
      db,
      "INSERT INTO tasks",
      ["place", "client", "id", "seq", "ended_at"],
      `ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, removed = 0,
         ended_at = iif(excluded.ended_at IS NULL, NULL, coalesce(ended_at, excluded.ended_at))`,
    ),
    records: replace("records", "place", "checksum", "record"),
    runs: replace("runs", "place", ...SUMMARY_COLUMNS.split(", ")),
    removals: replace("removals", "client", "seq", "id"),
    deliveries: replace(
      "deliveries",
      "id",
      "receiver",
      "event",
      "client",
      "task_id",
      "seq",
      "at",
      "size",
      "text",
    ),
    side: new Map(SIDE_TABLES.map(({ name, columns }) => [name, replace(name, "place", ...columns)])),
  };
}

/** Returns the statement that deletes the oldest entries of a task, but no permanent ones. */
function cutStatement({ name, columns: [key], hasConsecutiveKeys, permanent }: SideTable<unknown>): string {
  if (hasConsecutiveKeys) return `DELETE FROM ${name} WHERE place = ? AND ${key} < ?`;
  const cuttable = `place = ?1${permanent === undefined ? "" : ` AND ${permanent.column} = 0`}`;
  return `DELETE FROM ${name} WHERE ${cuttable} AND ${key} <=
    (SELECT ${key} FROM ${name} WHERE ${cuttable} ORDER BY ${key} DESC LIMIT 1 OFFSET ?2)`;
}

/** Returns the inode of a file; `null` if the file does not exist, or the system has no inodes. */
function inodeOf(file: string): number | null {
  try {
    return Deno.statSync(file).ino;
  } catch {
    return null;
  }
}
