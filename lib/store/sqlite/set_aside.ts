/**
 * Keeps the logs of an earlier database away from a new file: SQLite finds a log by the name of the database alone, and
 * would write its pages into whichever file has that name now, or delete it beside an empty file.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { flush, removeIfThere } from "./copied_file.ts";
import { exists } from "./exists.ts";

/** The suffixes of the files beside a database file: rollback journal, write-ahead log, and the index of that log. */
const COMPANIONS = ["-journal", "-wal", "-shm"] as const;

/** The suffix of the only companion that contains no changes. */
const INDEX = "-shm";

/** The new names of the files of a database. */
export interface SetAside {
  /** The new path of the database file; the names of its logs begin with this path, even if there was no such file. */
  readonly path: string;
  /** Whether there was a database file, and not only its logs. */
  readonly hasFile: boolean;
  /** The new paths of the logs. */
  readonly logs: readonly string[];
}

/** Returns whether SQLite would use other files together with a database file. */
export function hasCompanions(file: string): boolean {
  return suffixesAt(file).length > 0;
}

/**
 * Checks that there is no file at the path of a new database, and no log that SQLite would apply to it.
 *
 * @param file the path of the new database
 * @param advice what to do, for the message of the error
 * @throws {StorageError} if there is one
 */
export function checkIsNew(file: string, advice: string): void {
  if (exists(file)) throw new StorageError(file, `it already exists; ${advice}`);
  const [suffix] = suffixesAt(file);
  if (suffix === undefined) return;
  throw new StorageError(
    file,
    `"${file}${suffix}" of an earlier database exists, and SQLite would use it with the new file; ${advice}`,
  );
}

/**
 * Renames a database file and its logs, so that a new file can have its name. No other process may use the database.
 *
 * A crash in between leaves the old database complete, under its old or its new name, and never a file without its log.
 *
 * @param file the path of the database, which need not exist
 * @returns the new names; `null` if there was nothing to rename
 */
export function setAside(file: string): SetAside | null {
  const path = newPathOf(file);
  if (!exists(file)) return renameLogs(file, path);
  const suffixes = suffixesAt(file);
  try {
    // The logs are copied, because two files cannot be renamed at once.
    for (const suffix of suffixes) copy(file + suffix, path + suffix);
    Deno.renameSync(file, path);
  } catch (error) {
    for (const suffix of suffixes) removeIfThere(path + suffix);
    throw error;
  }
  for (const suffix of suffixes) Deno.removeSync(file + suffix);
  return { path, hasFile: true, logs: logsAmong(suffixes, path) };
}

/**
 * Renames the logs of a database whose file is missing or empty.
 *
 * @param file the path of the database
 * @returns the new names; `null` if there were no logs
 */
export function setLogsAside(file: string): SetAside | null {
  return renameLogs(file, newPathOf(file));
}

/** Deletes a database file and its logs, as far as they exist. */
export function removeDatabase(file: string): void {
  for (const suffix of ["", ...COMPANIONS]) {
    if (exists(file + suffix)) Deno.removeSync(file + suffix);
  }
}

function suffixesAt(file: string): readonly string[] {
  return COMPANIONS.filter((suffix) => exists(file + suffix));
}

function newPathOf(file: string): string {
  return `${file}.before-${new Date().toISOString().replace(/[:.]/g, "-")}`;
}

function renameLogs(file: string, path: string): SetAside | null {
  const suffixes = suffixesAt(file);
  for (const suffix of suffixes) Deno.renameSync(file + suffix, path + suffix);
  return suffixes.length === 0 ? null : { path, hasFile: false, logs: logsAmong(suffixes, path) };
}

function logsAmong(suffixes: readonly string[], path: string): readonly string[] {
  return suffixes.filter((suffix) => suffix !== INDEX).map((suffix) => path + suffix);
}

/** Copies a file, and flushes the copy to disk. */
function copy(from: string, to: string): void {
  Deno.copyFileSync(from, to);
  flush(to);
}
