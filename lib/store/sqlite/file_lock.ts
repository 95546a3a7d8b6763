/**
 * Locks a database file, so that only one process of this program uses it at a time.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { storageError } from "./storage_errors.ts";

/** The handles of locked files, by {@linkcode inodeKey}. */
const lockedFiles: Map<string, Deno.FsFile> = new Map();

/**
 * The handles of files that another process or isolate had locked, by {@linkcode inodeKey}. These handles are reused,
 * and never closed: if the other isolate belongs to this process, closing a handle would release the locks that SQLite
 * holds on the file (fcntl(2)).
 */
const refusedFiles: Map<string, Deno.FsFile> = new Map();

/**
 * The lock of a database. The lock consists of two locks, neither of which excludes the worker of this process. The
 * operating system releases both locks, no matter how the process ends.
 *
 * - A second, empty database `<file>.lock` is locked. This lock works on every system, even while the database file
 *   does not exist.
 * - On Linux, the file itself is locked with flock(2), which is independent of SQLite's locks on that system. This lock
 *   detects a file that is open under another name. On other systems, a file with a second name is refused.
 */
export class FileLock implements Disposable {
  readonly #nameLock: DatabaseSync;
  readonly #inode: string | null;

  /**
   * Locks a database.
   *
   * @param file the path of a database, which need not exist
   * @param onName called as soon as the name is locked, and may create the file
   * @throws {StorageError} if another process holds the lock, or may hold it
   */
  constructor(file: string, onName: () => void = () => {}) {
    const place = placeOf(file);
    this.#nameLock = lockName(file, place);
    try {
      onName();
      this.#inode = lockInode(file, place);
    } catch (cause) {
      this.#nameLock.close();
      throw storageError(file, cause);
    }
  }

  /**
   * Releases the lock. Close every connection to the database first, because this also releases the locks of SQLite.
   */
  [Symbol.dispose](): void {
    if (this.#inode !== null) {
      lockedFiles.get(this.#inode)?.close();
      lockedFiles.delete(this.#inode);
    }
    this.#nameLock.close();
  }
}

/** Returns the real path of a file, so that a symbolic link does not bypass the lock. */
export function placeOf(file: string): string {
  try {
    return Deno.realPathSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return file;
    throw cause;
  }
}

function lockName(file: string, place: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${place}.lock`);
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    if (cause instanceof Error && /locked/.test(cause.message)) {
      throw inUse(file, "another Taskscope is using it");
    }
    throw storageError(file, cause);
  }
}

/** Locks the inode of a file; returns its key, or `null` if the file has no inode or cannot be locked. */
function lockInode(file: string, place: string): string | null {
  // On Windows, a lock on the file would exclude SQLite.
  const info = Deno.build.os === "windows" ? null : statOf(place);
  if (info === null) return null;
  const key = inodeKey(info);
  if (lockedFiles.has(key)) throw openUnderOtherName(file);
  const isLocked = Deno.build.os === "linux" && "tryLockSync" in Deno.FsFile.prototype
    ? tryLock(key, place)
    : null;
  if (isLocked === false) throw openUnderOtherName(file);
  if (isLocked === null && (info.nlink ?? 1) > 1) {
    throw new StorageError(
      file,
      `it has ${info.nlink} names (hard links), and another Taskscope could use it under another one; ` +
        "delete the other names, or name a copy of the file with --data",
    );
  }
  return isLocked === null ? null : key;
}

/** Tries to lock a file with flock(2); returns `null` if the file system does not support it. */
function tryLock(key: string, place: string): boolean | null {
  // The handle is read-only: over NFS, where flock(2) would exclude SQLite, locking such a handle fails.
  const handle: Deno.FsFile = refusedFiles.get(key) ?? Deno.openSync(place, { read: true });
  let isLocked: boolean | null;
  try {
    isLocked = handle.tryLockSync(true);
  } catch {
    isLocked = null;
  }
  if (isLocked === true) {
    refusedFiles.delete(key);
    lockedFiles.set(key, handle);
  } else {
    refusedFiles.set(key, handle);
  }
  return isLocked;
}

function statOf(place: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(place);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw cause;
  }
}

function inodeKey({ dev, ino }: Deno.FileInfo): string {
  return `${dev}:${ino}`;
}

function openUnderOtherName(file: string): StorageError {
  return inUse(file, "another Taskscope is using it under another name, such as a hard link");
}

function inUse(file: string, what: string): StorageError {
  return new StorageError(file, `${what}; stop that process, or name another file with --data`);
}
