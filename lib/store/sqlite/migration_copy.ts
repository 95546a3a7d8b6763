/**
 * Copies a database before its schema is migrated, so that a failed or unwanted upgrade loses no data.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { flush, removeIfThere } from "./copied_file.ts";
import { exists } from "./exists.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { removeDatabase, setLogsAside } from "./set_aside.ts";
import { storageError } from "./storage_errors.ts";

/**
 * Copies the file of a database to `<file>.v<version>.bak`, unless that file already exists.
 *
 * @param db the only connection to the database, in WAL mode; it is closed and opened again
 * @param file the path of the database's file
 * @param version the current schema version of the database
 * @throws {StorageError} if the copy cannot be made; the database is unchanged
 */
export function copyBeforeMigration(db: DatabaseSync, file: string, version: number): void {
  const copy = `${file}.v${version}.bak`;
  const partial = `${copy}.partial`;
  try {
    if (exists(copy)) return;
    checkpoint(db);
    removeDatabase(partial);
    copyClosed(db, file, partial);
    leaveWalMode(partial);
    flush(partial);
    setLogsAside(copy);
    Deno.renameSync(partial, copy);
  } catch (cause) {
    removeIfThere(partial);
    // The paths are removed, because the reason is also shown to users who must not see them.
    const { reason } = storageError(file, withoutPaths(cause, [partial, copy]));
    throw new StorageError(
      file,
      `it cannot be copied before its schema is migrated from version ${version} to ${SCHEMA_VERSION}, ` +
        `so nothing was migrated: ${reason}`,
      { cause },
    );
  }
}

/** Moves the whole write-ahead log into the database file. */
function checkpoint(db: DatabaseSync): void {
  const row = db.prepare("PRAGMA wal_checkpoint(FULL)").get();
  if (row?.busy !== 0) throw new Error("database is locked");
}

/**
 * Copies the file of a database while the database is closed: closing any descriptor of a file releases all locks of
 * the process on it (fcntl(2)), and SQLite would continue without them.
 */
function copyClosed(db: DatabaseSync, file: string, copy: string): void {
  db.close();
  try {
    Deno.copyFileSync(file, copy);
  } finally {
    db.open();
  }
}

function withoutPaths(cause: unknown, paths: readonly string[]): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(paths.reduce((text, path) => text.replaceAll(`'${path}'`, "…"), message));
}

/** Turns WAL mode off in a copy, so that it needs no other files and can be read from a read-only folder. */
function leaveWalMode(file: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA journal_mode = DELETE");
  } finally {
    db.close();
  }
}
