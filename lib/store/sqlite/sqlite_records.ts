/**
 * Reads the records of tasks from an SQLite database, and verifies their checksums.
 *
 * @module
 */

import { DamagedRecordError, StorageError } from "../../errors.ts";
import type { Task } from "../../task/task.ts";
import type { RecordReader } from "./task_on_disk.ts";
import type { DatabaseFile } from "./database_file.ts";
import { recordChecksum } from "./record_checksum.ts";
import { storageError } from "./storage_errors.ts";

/** The records in a database. A record that is found to be damaged is reported to {@linkcode DatabaseFile.onDamage}. */
export class SqliteRecords implements RecordReader {
  readonly #file: DatabaseFile;

  /** @param file the database */
  constructor(file: DatabaseFile) {
    this.#file = file;
  }

  json(place: number, id: string): string {
    const row = this.#file.row("SELECT checksum, record FROM records WHERE place = ?", place);
    if (row === undefined) {
      throw new StorageError(this.#file.path, `the record of task "${id}" does not exist`);
    }
    const [checksum, record] = row;
    const json = String(record);
    if (recordChecksum(place, json) !== checksum) throw this.#damaged(place, id);
    return json;
  }

  task(place: number, id: string): Task {
    const json = this.json(place, id);
    try {
      return JSON.parse(json);
    } catch {
      throw this.#damaged(place, id);
    }
  }

  /** Reports a damaged record, and returns the error to throw. */
  #damaged(place: number, id: string): DamagedRecordError {
    this.#file.onDamage?.(place);
    const cause = new Error(`the record of task "${id}" is malformed`);
    return new DamagedRecordError(this.#file.path, storageError(this.#file.path, cause).reason, { cause });
  }
}
