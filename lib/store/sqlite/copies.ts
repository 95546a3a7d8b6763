/**
 * What can be done with a database from beside its server: look whether it is sound, copy it, and put a copy in its place.
 *
 * @module
 */

import { backup, DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { lockFile } from "./database_file.ts";
import { isForeign, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { storageError } from "./storage_errors.ts";

/** What there is to say of a database. */
export interface DatabaseReport {
  /** The version of its tables. */
  readonly version: number;
  /** Tasks that have not ended, and that have. */
  readonly unfinished: number;
  readonly ended: number;
  readonly clients: number;
  readonly bytes: number;
}

/** How long to wait for others that write, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/** More pages than any database has (sqlite.org/limits.html). */
const EVERY_PAGE = 2 ** 31 - 1;

/** The files that belong to a database beside its own. */
const COMPANIONS = ["-wal", "-shm"] as const;

/**
 * Looks through a whole database, also while its server writes.
 *
 * @param file its path
 * @returns what is in it
 * @throws {StorageError} that says what is wrong with it
 */
export async function inspectDatabase(file: string): Promise<DatabaseReport> {
  const bytes = await sizeOf(file);
  return await withDatabase(file, (db) => {
    const version = checkKind(db, file);
    const verdicts = db.prepare("PRAGMA integrity_check(10)").all().flatMap((row) => Object.values(row));
    if (verdicts[0] !== "ok") throw new Error(`database disk image is malformed: ${verdicts.join("; ")}`);
    const count = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    return {
      version,
      unfinished: count("SELECT count(*) FROM tasks WHERE ended_at IS NULL AND removed = 0"),
      ended: count("SELECT count(*) FROM tasks WHERE ended_at IS NOT NULL AND removed = 0"),
      clients: count("SELECT count(DISTINCT client) FROM tasks WHERE removed = 0"),
      bytes,
    };
  });
}

/**
 * Copies a database as it is at one moment, also while its server writes. The copy is there as a whole, or not at all.
 *
 * @param file its path
 * @param copy the path of the copy
 * @param options whether to replace what is there
 * @throws {StorageError} where it can't be read, or the copy not be written
 */
export async function backupDatabase(
  file: string,
  copy: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  await sizeOf(file);
  if (!force && await exists(copy)) throw new StorageError(copy, "it is there already; --force replaces it");
  const partial = `${copy}.${crypto.randomUUID()}.partial`;
  try {
    // For its owner alone, as the database is. SQLite writes into an empty file as into none.
    (await Deno.open(partial, { write: true, createNew: true, mode: 0o600 })).close();
    await withDatabase(file, async (db) => {
      checkKind(db, file);
      // In one step: between two of them others may write, and it would begin anew each time.
      await backup(db, partial, { rate: EVERY_PAGE });
    });
    // A file that needs no others beside it, so that it can be looked at where nothing can be written.
    await withDatabase(partial, (db) => db.exec("PRAGMA journal_mode = DELETE"));
    await flush(partial);
    await Deno.rename(partial, copy);
  } catch (cause) {
    throw storageError(copy, cause);
  } finally {
    await remove(partial);
  }
}

/**
 * Puts a copy in the place of a database. What was there stays beside it.
 *
 * @param copy the path of the copy
 * @param file the path of the database
 * @param epoch the new name of the numbering of changes: numbers that watchers saw since the copy are given out again
 * @returns where that is which was there; `null` where nothing was
 * @throws {StorageError} where the copy is not sound, or a server uses the database
 */
export async function restoreDatabase(copy: string, file: string, epoch: string): Promise<string | null> {
  await inspectDatabase(copy);
  // A link stays, and leads to what is restored.
  const place = await exists(file) ? await Deno.realPath(file) : file;
  // Also where nothing is: a server that starts meanwhile would make it.
  const lock = lockFile(place);
  const partial = `${place}.${crypto.randomUUID()}.partial`;
  try {
    await backupDatabase(copy, partial);
    await withDatabase(
      partial,
      (db) => db.prepare("UPDATE meta SET value = ? WHERE name = 'epoch'").run(epoch),
    );
    await flush(partial);
    const former = await exists(place) ? await setAside(place) : null;
    await Deno.rename(partial, place);
    return former;
  } catch (cause) {
    throw storageError(file, cause);
  } finally {
    await remove(partial);
    lock.close();
  }
}

/** Gives a database another name, with all that belongs to it. */
async function setAside(file: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const aside = `${file}.before-${stamp}`;
  for (const companion of COMPANIONS) {
    if (await exists(`${file}${companion}`)) await Deno.rename(`${file}${companion}`, `${aside}${companion}`);
  }
  await Deno.rename(file, aside);
  return aside;
}

/** Opens a database without taking it: its server may have it. */
async function withDatabase<Result>(
  file: string,
  use: (db: DatabaseSync) => Result | Promise<Result>,
): Promise<Result> {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return await use(db);
  } catch (cause) {
    throw storageError(file, cause);
  } finally {
    db?.close();
  }
}

function checkKind(db: DatabaseSync, file: string): number {
  const version = schemaVersion(db);
  if (isForeign(db) || version === 0) throw new StorageError(file, "it is no database of Taskscope");
  if (version <= SCHEMA_VERSION) return version;
  throw new StorageError(
    file,
    `a newer Taskscope wrote it (version ${version} of its tables, this one knows ${SCHEMA_VERSION})`,
  );
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await Deno.stat(file)).size;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw new StorageError(file, "there is no such file");
    throw storageError(file, cause);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await Deno.lstat(file);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a file would survive a power cut. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.sync();
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // It has another name by now, or never was.
  }
}
