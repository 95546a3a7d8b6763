/**
 * Opens a database for one program at a time: checks it, brings its tables up to date, and reads from it.
 *
 * @module
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { copyBeforeMigration } from "./migration_copy.ts";
import { isForeign, migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { storageError } from "./storage_errors.ts";

/** Larger databases are not checked as a whole at every start: that would take more than a fifth of a second. */
const CHECKED_BYTES = 32 * 1024 * 1024;

/** How long a start waits for another program's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 1_000;

/** A value as it was read. */
export type ReadValue = SQLInputValue;

/** A row as it was read. */
export type ReadRow = Readonly<Record<string, ReadValue>>;

/** Of what Deno's types do not know yet. */
type ListingStatement = StatementSync & { setReturnArrays?(enabled: boolean): void };

/** A database that is locked for this program. */
export class DatabaseFile implements Disposable {
  readonly #file: string;
  readonly #lock: DatabaseSync;
  readonly #db: DatabaseSync;
  readonly #statements: Map<string, StatementSync> = new Map();

  /**
   * Opens a database; makes it where there is none.
   *
   * @param file its path
   * @throws {StorageError} where it can't be used: locked, damaged, read-only, of a newer program
   */
  constructor(file: string) {
    this.#file = file;
    createFile(file);
    this.#lock = lockFile(file);
    try {
      this.#db = openDatabase(file);
    } catch (cause) {
      this.#lock.close();
      throw storageError(file, cause);
    }
  }

  /** Its path. */
  get path(): string {
    return this.#file;
  }

  /** All rows of an answer. */
  all(sql: string, ...values: SQLInputValue[]): ReadRow[] {
    return this.#read((statement) => statement.all(...values) as ReadRow[], sql);
  }

  /** All rows of an answer as lists of their values, which takes a third of the time where there are many. */
  rows(sql: string, ...values: SQLInputValue[]): (readonly ReadValue[])[] {
    return this.#read((statement: ListingStatement) => {
      statement.setReturnArrays?.(true);
      return (statement.all(...values) as unknown[]).map((row) => Object.values(row as ReadRow));
    }, sql);
  }

  /** The first row of an answer, if any. */
  get(sql: string, ...values: SQLInputValue[]): ReadRow | undefined {
    return this.#read((statement) => statement.get(...values) as ReadRow | undefined, sql);
  }

  /** Runs statements at once, all of them or none. For the start, before there is a worker that writes. */
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
    this.#lock.close();
  }

  #read<Result>(read: (statement: StatementSync) => Result, sql: string): Result {
    try {
      let statement = this.#statements.get(sql);
      if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
      return read(statement);
    } catch (cause) {
      throw storageError(this.#file, cause);
    }
  }
}

/**
 * Keeps other programs out. The lock is one on a second, empty database, as locking the first one would keep out our
 * own worker, too; the system lets go of it however the process ends.
 *
 * @param file the path of a database, be it there or not
 * @returns what holds the lock until it is closed
 * @throws {StorageError} where another program has it
 */
export function lockFile(file: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${placeOf(file)}.lock`);
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    if (cause instanceof Error && /locked/.test(cause.message)) {
      const reason = "another Taskscope uses it; stop that one, or name another file with --data";
      throw new StorageError(file, reason, { cause });
    }
    throw storageError(file, cause);
  }
}

/** Where a file is: a link must not lead around the lock. */
function placeOf(file: string): string {
  try {
    return Deno.realPathSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return file;
    throw cause;
  }
}

function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    checkDatabase(db, file);
    db.exec("PRAGMA journal_mode = WAL");
    const version = schemaVersion(db);
    if (version > 0 && version < SCHEMA_VERSION) copyBeforeMigration(db, placeOf(file), version);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes the file where there is none, for its owner alone: SQLite gives its other files the same mode. */
function createFile(file: string): void {
  try {
    Deno.openSync(file, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw storageError(file, cause);
  }
  if (Deno.statSync(file).isDirectory) {
    throw new StorageError(file, "it is a folder; name a file in it with --data");
  }
}

function checkDatabase(db: DatabaseSync, file: string): void {
  if (isForeign(db)) {
    throw new StorageError(file, "it is a database of another program; name another file with --data");
  }
  const version = schemaVersion(db);
  if (version > SCHEMA_VERSION) {
    throw new StorageError(
      file,
      `a newer Taskscope wrote it (version ${version} of its tables, this one knows ${SCHEMA_VERSION}); ` +
        "use that one, or name another file with --data",
    );
  }
  if (sizeOf(file) > CHECKED_BYTES) return;
  const [verdict] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {});
  // The first of two lines says which database is meant.
  if (verdict !== "ok") {
    throw new Error(`database disk image is malformed: ${String(verdict).split("\n").at(-1)}`);
  }
}

function sizeOf(file: string): number {
  return Deno.statSync(file).size;
}
