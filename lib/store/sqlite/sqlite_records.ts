/**
 * A stored task whose record is read from disk on each access.
 *
 * @module
 */

import { DamagedRecordError, StorageError } from "../../errors.ts";
import type { Task, TaskSummary } from "../../task/task.ts";
import type { StoredTask } from "../store.ts";
import type { DatabaseFile } from "./database_file.ts";
import { recordChecksum } from "./record_checksum.ts";
import { storageError } from "./storage_errors.ts";

/** An ended task of which only the summary is in memory. */
export class TaskOnDisk implements StoredTask {
  readonly active = false;
  readonly summary: TaskSummary;
  readonly seq: number;
  readonly #file: DatabaseFile;
  readonly #place: number;

  /**
   * @param file the database
   * @param place the task's place in the order of creation
   * @param summary the task's summary
   * @param seq the sequence number of the task's last change
   */
  constructor(file: DatabaseFile, place: number, summary: TaskSummary, seq: number) {
    this.#file = file;
    this.#place = place;
    this.summary = summary;
    this.seq = seq;
  }

  get id(): string {
    return this.summary.id;
  }

  /** @throws {StorageError} if the record cannot be read or is damaged, or the task has been purged */
  get json(): string {
    return readJson(this.#file, this.#place, this.id);
  }

  /** @throws {StorageError} if the record cannot be read or is damaged, or the task has been purged */
  get task(): Task {
    return readTask(this.#file, this.#place, this.id);
  }
}

/**
 * Reads the record of a task.
 *
 * @param file the database
 * @param place the task's place in the order of creation
 * @param id the task's id, for error messages
 * @throws {DamagedRecordError} if the record is damaged
 * @throws {StorageError} if the record cannot be read, or does not exist
 */
export function readTask(file: DatabaseFile, place: number, id: string): Task {
  const json = readJson(file, place, id);
  try {
    return JSON.parse(json);
  } catch {
    throw damaged(file, place, id);
  }
}

function readJson(file: DatabaseFile, place: number, id: string): string {
  const row = file.get("SELECT checksum, record FROM records WHERE place = ?", place);
  if (row === undefined) throw new StorageError(file.path, `the record of task "${id}" does not exist`);
  const json = String(row.record);
  if (recordChecksum(place, json) !== row.checksum) throw damaged(file, place, id);
  return json;
}

/** Reports a damaged record, and returns the error to throw. */
function damaged(file: DatabaseFile, place: number, id: string): DamagedRecordError {
  file.onDamage?.(place);
  const cause = new Error(`the record of task "${id}" is malformed`);
  return new DamagedRecordError(file.path, storageError(file.path, cause).reason, { cause });
}
