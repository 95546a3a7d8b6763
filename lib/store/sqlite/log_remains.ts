/**
 * Detects that a write-ahead log lost commits. SQLite itself ignores all frames from the first missing or damaged one
 * on, without an error.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** The state of the write-ahead log that a process left when it ended without closing its database, in pages. */
export interface LogRemains {
  /** The number of pages that were committed to the log. */
  readonly committed: number;
  /** The number of these pages, counted from the first one, that are also in the database file. */
  readonly transferred: number;
  /** The header of the log; `null` if there is no log, or its header is damaged. */
  readonly log: DataView | null;
}

/**
 * The version of the index's format (sqlite.org/walformat.html). The numbers in the index have the byte order of the
 * machine, which is little-endian on every system that Deno supports.
 */
const INDEX_VERSION = 3_007_000;

/**
 * The size of the index's header, of which there are two copies, and the size of the checkpoint information after them,
 * in bytes.
 */
const INDEX_HEADER_BYTES = 48;
const INDEX_BYTES = 2 * INDEX_HEADER_BYTES + 4;

/** The size of the log's header, in bytes. */
const LOG_HEADER_BYTES = 32;

/** The first four bytes of a log; the lowest bit says whether its checksums use big-endian numbers. */
const LOG_MAGIC = 0x377f0682;

/**
 * Reads the state of a write-ahead log from its index, which survives a crash of the process. Call this before the
 * first connection to the database, which rebuilds the index.
 *
 * @param file the real path of the database
 * @returns what the log must contain; `null` if the database was closed, or the index does not belong to the log
 */
export function logRemainsOf(file: string): LogRemains | null {
  // When the last connection is closed, SQLite removes the index before the log. So the log is read before the index:
  // otherwise, both could be removed in between, and the log would seem to be lost.
  const log = logHeaderOf(file);
  const index = readStart(`${file}-shm`, INDEX_BYTES);
  if (index === null || index.byteLength < INDEX_BYTES) return null;
  // The second copy is written first, and a crash can leave either of them incomplete.
  const header = [INDEX_HEADER_BYTES, 0].find((offset) => isIndexHeader(index, offset));
  if (header === undefined) return null;
  const committed = index.getUint32(header + 16, true);
  if (committed === 0) return null;
  if (log !== null && !isSameLog(index, header, log)) return null;
  return { committed, transferred: index.getUint32(2 * INDEX_HEADER_BYTES, true), log };
}

/**
 * Returns the number of committed pages that a write-ahead log has lost.
 *
 * @param db a connection that has read from the database
 * @param file the real path of the database
 * @param remains what the log must contain
 */
export function lostPages(
  db: DatabaseSync,
  file: string,
  { committed, transferred, log }: LogRemains,
): number {
  // Versions of SQLite that do not know NOOP run a normal checkpoint instead, which returns the same number.
  const found = Math.max(0, Number(db.prepare("PRAGMA wal_checkpoint(NOOP)").get()?.log ?? 0));
  // A log that was completely transferred to the database file may have been deleted.
  if (found >= committed || (found === 0 && transferred >= committed)) return 0;
  // If the log was removed or restarted since its header was read, another connection had transferred all of its pages.
  if (log !== null && !isSameHeader(log, logHeaderOf(file))) return 0;
  return committed - found;
}

/**
 * Describes the loss of committed pages.
 *
 * @param db a connection that has read from the database
 * @param file the path of the database, for the sentence
 * @param place the real path of the database
 * @param remains what the log must contain
 * @returns a sentence for the operator; `null` if nothing was lost
 */
export function lossIn(db: DatabaseSync, file: string, place: string, remains: LogRemains): string | null {
  const lost = lostPages(db, place, remains);
  if (lost === 0) return null;
  return `Changes were lost: of the ${remains.committed} pages in the write-ahead log of "${file}", the last ${lost} ` +
    "are missing or damaged, although they were committed; if you need these changes, restore a backup";
}

/** Reads the header of a write-ahead log; `null` if there is no log, or its header is damaged. */
function logHeaderOf(file: string): DataView | null {
  const log = readStart(`${file}-wal`, LOG_HEADER_BYTES);
  return log !== null && isLogHeader(log) ? log : null;
}

function isSameHeader(before: DataView, after: DataView | null): boolean {
  if (after === null) return false;
  for (let at = 0; at < LOG_HEADER_BYTES; at++) if (before.getUint8(at) !== after.getUint8(at)) return false;
  return true;
}

function isIndexHeader(index: DataView, offset: number): boolean {
  if (index.getUint32(offset, true) !== INDEX_VERSION) return false;
  const checksum = checksumOf(index, offset, INDEX_HEADER_BYTES, true);
  return checksum.every((value, n) => value === index.getUint32(offset + 40 + 4 * n, true));
}

function isLogHeader(log: DataView): boolean {
  if (log.byteLength < LOG_HEADER_BYTES) return false;
  const magic = log.getUint32(0);
  if ((magic & ~1) !== LOG_MAGIC) return false;
  // The checksum is stored as big-endian, regardless of the byte order in which it was computed.
  const checksum = checksumOf(log, 0, LOG_HEADER_BYTES, (magic & 1) === 0);
  return checksum.every((value, n) => value === log.getUint32(24 + 4 * n));
}

/** Returns whether an index and a log are of the same generation: whether salts and page size are equal. */
function isSameLog(index: DataView, header: number, log: DataView): boolean {
  const pageBytes = log.getUint32(8);
  // The field has 16 bits, so that 1 stands for 65,536 (sqlite.org/fileformat.html).
  const indexPageBytes = index.getUint16(header + 14, true);
  return (indexPageBytes === 1 ? 65_536 : indexPageBytes) === pageBytes &&
    [0, 4].every((n) => index.getUint32(header + 32 + n) === log.getUint32(16 + n));
}

/** Computes the checksum of a header, to be compared with the header's last eight bytes (sqlite.org/walformat.html). */
function checksumOf(
  view: DataView,
  offset: number,
  bytes: number,
  isLittleEndian: boolean,
): [number, number] {
  let [first, second] = [0, 0];
  for (let at = offset; at < offset + bytes - 8; at += 8) {
    first = (first + view.getUint32(at, isLittleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLittleEndian) + first) >>> 0;
  }
  return [first, second];
}

/** Reads the first bytes of a file; `null` if the file does not exist or cannot be read. */
function readStart(file: string, bytes: number): DataView<ArrayBuffer> | null {
  try {
    using handle = Deno.openSync(file, { read: true });
    const buffer = new Uint8Array(bytes);
    const count = handle.readSync(buffer) ?? 0;
    return new DataView(buffer.buffer, 0, count);
  } catch {
    return null;
  }
}
