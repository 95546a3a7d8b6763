/**
 * Checks, backs up and restores a database file. Checks and backups are possible while a server uses the
 * file.
 *
 * @module
 */

import { backup, DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { flush, removeIfThere } from "./copied_file.ts";
import { exists } from "./exists.ts";
import { FileLock, placeOf } from "./file_lock.ts";
import { logRemainsOf, lossIn } from "./log_remains.ts";
import { defineRecordChecksum } from "./record_checksum.ts";
import { CHECKSUM_VERSION, isForeign, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { checkIsNew, hasCompanions, removeDatabase, type SetAside, setAside } from "./set_aside.ts";
import { storageError } from "./storage_errors.ts";

/** The contents of an intact database. */
export interface DatabaseReport {
  /** The schema version of the database. */
  readonly version: number;
  /** The number of unfinished tasks. */
  readonly unfinished: number;
  /** The number of ended tasks. */
  readonly ended: number;
  readonly clients: number;
  readonly bytes: number;
  /** What the database has lost; see {@linkcode Loss}. */
  readonly loss: Loss;
}

/**
 * A sentence for the operator about committed changes that a database lacks, because a crash has damaged its log; `null`
 * if there are none. Only the first program that opens the database after the crash can know.
 */
export type Loss = string | null;

/** The result of {@linkcode backupDatabase}. */
export interface Copied {
  /** The damaged records of the copy, which were copied as they are. */
  readonly damaged: DamagedRecords;
  /** What the copied database has lost. */
  readonly loss: Loss;
}

/** The result of {@linkcode restoreDatabase}. */
export interface Restored extends Copied {
  /** The new names of the previous database file and its logs; `null` if there were none. */
  readonly former: SetAside | null;
}

/** The records of a database that do not match their checksums. */
export interface DamagedRecords {
  readonly count: number;
  /**
   * A description of the first damaged record, such as `the record of task "a" of client "c"`; `""` if there is none.
   */
  readonly first: string;
}

/** The maximum wait for other writers, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/** A number of pages that exceeds that of any database (sqlite.org/limits.html). */
const EVERY_PAGE = 2 ** 31 - 1;

/**
 * Checks a whole database for damage, even while its server writes.
 *
 * @param file the path of the database
 * @returns the contents of the database
 * @throws {StorageError} if the database is missing or damaged, belongs to another program, or has a newer
 * schema version
 */
export async function inspectDatabase(file: string): Promise<DatabaseReport> {
  const bytes = await sizeOf(file);
  await checkName(file);
  return await withDatabase(file, (db, lossNow) => {
    const version = checkKind(db, file);
    const loss = lossNow();
    checkIntegrity(db);
    const damaged = damagedRecords(db);
    if (damaged.count > 0) throw new Error(`${damaged.first} is malformed`);
    const count = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    return {
      version,
      unfinished: count("SELECT count(*) FROM tasks WHERE ended_at IS NULL AND removed = 0"),
      ended: count("SELECT count(*) FROM tasks WHERE ended_at IS NOT NULL AND removed = 0"),
      clients: count("SELECT count(DISTINCT client) FROM tasks WHERE removed = 0"),
      bytes,
      loss,
    };
  });
}

/**
 * Copies a consistent snapshot of a database, even while its server writes. The copy is checked for damage, and appears
 * complete or not at all. Damaged records are copied unchanged, because the other records are intact.
 *
 * @param file the path of the database
 * @param copy the path of the copy
 * @param options whether the copy may replace an existing file
 * @returns what is wrong with the copy
 * @throws {StorageError} if the database cannot be read or is damaged, or the copy cannot be written
 */
export async function backupDatabase(
  file: string,
  copy: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<Copied> {
  await sizeOf(file);
  await checkName(file);
  const partial = `${copy}.${crypto.randomUUID()}.partial`;
  try {
    if (!force) checkIsNew(copy, "use --force to replace it");
    // The copy is readable only by its owner, like the database. SQLite accepts an empty file as a new
    // database.
    (await Deno.open(partial, { write: true, createNew: true, mode: 0o600 })).close();
    const loss = await withDatabase(file, async (db, lossNow) => {
      checkKind(db, file);
      const loss = lossNow();
      // The backup is made in one step, because a write between two steps would restart it each time.
      await backup(db, partial, { rate: EVERY_PAGE });
      return loss;
    });
    // Without WAL mode, the copy needs no other files, and can be read from a read-only folder.
    await withDatabase(partial, (db) => db.exec("PRAGMA journal_mode = DELETE"));
    const damaged = await checkCopy(file, partial);
    flush(partial);
    await replaceCopy(copy, partial);
    return { damaged, loss };
  } catch (cause) {
    throw storageError(copy, cause);
  } finally {
    removeIfThere(partial);
  }
}

/**
 * Replaces a database with a copy. The previous database file is kept in the same folder.
 *
 * @param copy the path of the copy
 * @param file the path of the database
 * @param epoch the new epoch, which is needed because sequence numbers that were used after the copy was made will be
 * used again
 * @returns where the previous file is, and what is wrong with the copy
 * @throws {StorageError} if the structure of the copy is damaged, or a server uses the database
 */
export async function restoreDatabase(copy: string, file: string, epoch: string): Promise<Restored> {
  await sizeOf(copy);
  const loss = await withDatabase(copy, (db, lossNow) => {
    checkKind(db, copy);
    const loss = lossNow();
    checkIntegrity(db);
    return loss;
  });
  const place = placeToRestore(file);
  // The path is locked even if the file does not exist, because a server that starts during the restore would
  // create it.
  using _lock = new FileLock(place);
  const partial = `${place}.${crypto.randomUUID()}.partial`;
  try {
    const { damaged } = await backupDatabase(copy, partial);
    await withDatabase(
      partial,
      (db) => db.prepare("UPDATE meta SET value = ? WHERE name = 'epoch'").run(epoch),
    );
    flush(partial);
    const former = setAside(place);
    await Deno.rename(partial, place);
    return { former, damaged, loss };
  } catch (cause) {
    throw storageError(file, cause);
  } finally {
    removeIfThere(partial);
  }
}

/**
 * Checks a copy for damage that it has inherited from its database.
 *
 * @returns the damaged records
 * @throws {StorageError} if the structure of the database is damaged
 */
async function checkCopy(file: string, copy: string): Promise<DamagedRecords> {
  try {
    return await withDatabase(copy, (db) => {
      checkIntegrity(db);
      return damagedRecords(db);
    });
  } catch (cause) {
    const what = cause instanceof StorageError ? cause.reason : String(cause);
    throw new StorageError(file, `${what}. No copy was made of it`, { cause });
  }
}

/** Throws if a database is damaged. */
function checkIntegrity(db: DatabaseSync): void {
  const verdicts = db.prepare("PRAGMA integrity_check(10)").all().flatMap((row) => Object.values(row));
  if (verdicts[0] !== "ok") throw new Error(`database disk image is malformed: ${verdicts.join("; ")}`);
}

/** Returns the path of the file to replace: a symbolic link is kept, and points to the restored file. */
function placeToRestore(file: string): string {
  try {
    return exists(file) ? Deno.realPathSync(file) : file;
  } catch (cause) {
    throw storageError(file, cause);
  }
}

/** Gives a complete copy its name, and deletes the database that had the name. */
async function replaceCopy(copy: string, complete: string): Promise<void> {
  if (!hasCompanions(copy)) return await Deno.rename(complete, copy);
  // A server may be using the old copy and its log.
  using _lock = new FileLock(copy);
  const former = setAside(copy);
  await Deno.rename(complete, copy);
  if (former !== null) removeDatabase(former.path);
}

/**
 * Opens a database without taking the lock, because a server may hold it.
 *
 * @param file the path of the database
 * @param use works with the database; `lossNow` says what it has lost, once the connection has read from it
 */
async function withDatabase<Result>(
  file: string,
  use: (db: DatabaseSync, lossNow: () => Loss) => Result | Promise<Result>,
): Promise<Result> {
  let db: DatabaseSync | undefined;
  try {
    const place = placeOf(file);
    const remains = logRemainsOf(place);
    const opened = db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    return await use(db, () => remains === null ? null : lossIn(opened, file, place, remains));
  } catch (cause) {
    throw storageError(file, cause);
  } finally {
    db?.close();
  }
}

/** Compares all records with their checksums, which the integrity check of SQLite does not do. */
function damagedRecords(db: DatabaseSync): DamagedRecords {
  if (schemaVersion(db) < CHECKSUM_VERSION) return { count: 0, first: "" };
  defineRecordChecksum(db);
  const { count, id, client } = db.prepare(
    `SELECT count(*) AS count, id, client FROM records LEFT JOIN tasks USING (place)
     WHERE checksum <> record_checksum(place, record)`,
  ).get()!;
  return {
    count: Number(count),
    first: count === 0 ? "" : `the record of task "${id}" of client "${client}"`,
  };
}

function checkKind(db: DatabaseSync, file: string): number {
  const version = schemaVersion(db);
  if (isForeign(db) || version === 0) throw new StorageError(file, "it is not a database of Taskscope");
  if (version <= SCHEMA_VERSION) return version;
  throw new StorageError(
    file,
    `a newer Taskscope wrote it (schema version ${version}, while this version supports up to ${SCHEMA_VERSION})`,
  );
}

/**
 * Checks that a database file has no other name. SQLite finds the write-ahead log by the name of the file, so the log
 * of another name could contain changes that this file lacks.
 */
async function checkName(file: string): Promise<void> {
  const place = await Deno.realPath(file);
  const names = (await Deno.stat(place)).nlink ?? 1;
  if (names === 1 || exists(`${place}-wal`)) return;
  throw new StorageError(
    file,
    `it has ${names} names (hard links), and its newest changes may be known only under another one; ` +
      "name the one that the server uses, or delete the other names",
  );
}

async function sizeOf(file: string): Promise<number> {
  try {
    const { size, isDirectory } = await Deno.stat(file);
    if (isDirectory) throw new StorageError(file, "it is a folder; name a file in it");
    // SQLite would delete the log beside an empty file.
    if (size === 0) throw new StorageError(file, "it is empty, so it is not a database of Taskscope");
    return size;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw new StorageError(file, "there is no such file");
    throw storageError(file, cause);
  }
}
