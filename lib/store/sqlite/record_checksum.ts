/**
 * The checksums of records, which detect a record that a disk damaged or returned for another task.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

/**
 * Returns the CRC-32 of a record. The place of the task is the initial value instead of 0, so that a record that is
 * returned for another task has a wrong checksum, too.
 *
 * @param place the task's place in the order of creation
 * @param record the record as JSON
 */
export function recordChecksum(place: number, record: string): number {
  return crc32(record, place >>> 0);
}

/** Adds the SQL function `record_checksum(place, record)` to a connection. */
export function defineRecordChecksum(db: DatabaseSync): void {
  db.function(
    "record_checksum",
    { deterministic: true },
    (place, record) => recordChecksum(Number(place), String(record)),
  );
}
