/**
 * Opens a database for one process at a time: locks, checks and migrates it, and reads from it.
 *
 * @module
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Statements } from "../database/statements.ts";
import { StorageError } from "../../errors.ts";
import { logRemainsOf, lossIn } from "./log_remains.ts";
import { FileLock, placeOf } from "./file_lock.ts";
import { exists } from "./exists.ts";
import { copyBeforeMigration } from "./migration_copy.ts";
import { isForeign, migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { type SetAside, setLogsAside } from "./set_aside.ts";
import { storageError } from "./storage_errors.ts";

/**
 * The maximum size of a database that is checked for damage at every start, in bytes; checking a larger one
 * would take more than 0.2 s.
 */
const CHECKED_BYTES = 32 * 1024 * 1024;

/** The maximum time that opening waits for another program's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 1_000;

/** A value that is read from a column. */
export type ReadValue = SQLInputValue;

/** A row: its values in the order of the columns. */
export type ReadRow = readonly ReadValue[];

/** A statement with a method that Deno 2.6 lacks, and that the types of newer versions do not declare yet. */
type ListingStatement = StatementSync & { setReturnArrays?(enabled: boolean): void };

/** A database that is locked for this process. */
export class DatabaseFile implements Disposable {
  readonly #file: string;
  readonly #lock: FileLock;
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  /**
   * A sentence for the operator about committed changes that the file lacks, because a part of its log is missing, or
   * its log was found without a file; `null` if there are none.
   */
  readonly loss: string | null;
  /** Called with the place of a task whose record was found to be damaged. */
  onDamage: ((place: number) => void) | null = null;

  /**
   * Opens a database, and creates it if it does not exist.
   *
   * @param file the path of the database
   * @throws {StorageError} if the database is locked, damaged or read-only, belongs to another program, or
   * has a newer schema version
   */
  constructor(file: string) {
    this.#file = file;
    refuseFolder(file);
    // Nothing is created before the name is locked, so that a start that is refused leaves no file behind.
    this.#lock = new FileLock(file, () => {
      refuseUnfinishedMove(file);
      createFile(file);
    });
    try {
      ({ db: this.#db, loss: this.loss } = openDatabase(file));
    } catch (cause) {
      this.#lock[Symbol.dispose]();
      throw storageError(file, cause);
    }
    this.#statements = new Statements(this.#db);
  }

  /** The path of the database. */
  get path(): string {
    return this.#file;
  }

  /** Returns all rows of a query. */
  rows(sql: string, ...values: SQLInputValue[]): ReadRow[] {
    return this.#read((statement) => rowsOf(statement, values), sql);
  }

  /** Returns the first row of a query, if any. */
  row(sql: string, ...values: SQLInputValue[]): ReadRow | undefined {
    return this.#read((statement) => {
      const row = returningArrays(statement).get(...values);
      return row === undefined ? undefined : valuesOf(row);
    }, sql);
  }

  /**
   * Runs statements in one transaction. Call this only while the store is being opened, before the worker
   * writes.
   */
  write(statements: readonly (readonly [sql: string, ...values: SQLInputValue[]])[]): void {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const [sql, ...values] of statements) this.#db.prepare(sql).run(...values);
      this.#db.exec("COMMIT");
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw storageError(this.#file, cause);
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
    this.#lock[Symbol.dispose]();
  }

  #read<Result>(read: (statement: StatementSync) => Result, sql: string): Result {
    try {
      return read(this.#statements.of(sql));
    } catch (cause) {
      throw storageError(this.#file, cause);
    }
  }
}

/** Returns the path that a database file has until the move to it is complete. */
export function unfinishedMoveTo(file: string): string {
  return `${file}.moving`;
}

/** Returns all rows of a statement. */
export function rowsOf(statement: StatementSync, values: readonly SQLInputValue[]): ReadRow[] {
  return returningArrays(statement).all(...values).map(valuesOf);
}

/** Makes a statement return its rows as arrays: reading a row takes two thirds of the time that an object takes. */
function returningArrays(statement: ListingStatement): StatementSync {
  statement.setReturnArrays?.(true);
  return statement;
}

function valuesOf(row: unknown): ReadRow {
  return Array.isArray(row) ? row : Object.values(row as Record<string, ReadValue>);
}

function openDatabase(file: string): { readonly db: DatabaseSync; readonly loss: string | null } {
  const leftover = sizeOf(file) === 0 ? setLogsAside(placeOf(file)) : null;
  const remains = logRemainsOf(placeOf(file));
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    checkDatabase(db, file);
    // The loss must be determined before later writes, such as those of a migration, change the log.
    const loss = remains === null ? leftoverIn(leftover, file) : lossIn(db, file, placeOf(file), remains);
    db.exec("PRAGMA journal_mode = WAL");
    const version = schemaVersion(db);
    if (version > 0 && version < SCHEMA_VERSION) copyBeforeMigration(db, placeOf(file), version);
    migrate(db);
    return { db, loss };
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
}

/**
 * Creates the database file if it does not exist, readable only by its owner. SQLite gives the database's
 * other files the same mode.
 */
function createFile(file: string): void {
  try {
    Deno.openSync(file, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw storageError(file, cause);
  }
}

function refuseFolder(file: string): void {
  let isFolder = false;
  try {
    isFolder = Deno.statSync(file).isDirectory;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw storageError(file, cause);
  }
  if (isFolder) throw new StorageError(file, "it is a folder; name a file in it with --data");
}

/** Throws if a database is missing because the move to it is unfinished: the move needs the name for its file. */
function refuseUnfinishedMove(file: string): void {
  const partial = unfinishedMoveTo(file);
  if (exists(file) || !exists(partial)) return;
  throw new StorageError(
    file,
    `a move to it is unfinished; run "taskscope move" again, or delete "${partial}"`,
  );
}

function checkDatabase(db: DatabaseSync, file: string): void {
  if (isForeign(db)) {
    throw new StorageError(file, "it is a database of another program; name another file with --data");
  }
  const version = schemaVersion(db);
  if (version > SCHEMA_VERSION) {
    throw new StorageError(
      file,
      `a newer Taskscope wrote it (schema version ${version}, while this version supports up to ${SCHEMA_VERSION}); ` +
        "use that version, or name another file with --data",
    );
  }
  if (sizeOf(file) > CHECKED_BYTES) return;
  const [verdict] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {});
  // If the verdict has two lines, the first one only names the database.
  if (verdict !== "ok") {
    throw new Error(`database disk image is malformed: ${String(verdict).split("\n").at(-1)}`);
  }
}

function leftoverIn(leftover: SetAside | null, file: string): string | null {
  if (leftover === null || leftover.logs.length === 0) return null;
  const names = leftover.logs.map((log) => `"${log}"`).join(", ");
  return `"${file}" was missing or empty, but its log was there, and is now ${names}. The log may contain the newest ` +
    `changes of the file that was moved or deleted; to use both together, name that file "${leftover.path}"`;
}

function sizeOf(file: string): number {
  return Deno.statSync(file).size;
}
