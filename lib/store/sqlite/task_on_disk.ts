/**
 * A task that has ended and is read when somebody asks for it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { Task, TaskSummary } from "../../task/task.ts";
import type { StoredTask } from "../store.ts";
import type { DatabaseFile } from "./database_file.ts";
import { storageError } from "./storage_errors.ts";

/** A task whose record is on disk, but for its summary. */
export class TaskOnDisk implements StoredTask {
  readonly active = false;
  readonly summary: TaskSummary;
  readonly seq: number;
  readonly #file: DatabaseFile;
  readonly #place: number;

  /**
   * @param file where the record is
   * @param place the task's place in the order of creation
   * @param summary what is known of it without the record
   * @param seq the number of its last change
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

  /** @throws {StorageError} where the record can't be read, or the task was purged since */
  get json(): string {
    return readJson(this.#file, this.#place, this.id);
  }

  /** @throws {StorageError} as above */
  get task(): Task {
    return readTask(this.#file, this.#place, this.id);
  }
}

/**
 * Reads the record of a task.
 *
 * @param file where it is
 * @param place the task's place in the order of creation
 * @param id the task's id, for the error
 * @throws {StorageError} where it can't be read, or is not there
 */
export function readTask(file: DatabaseFile, place: number, id: string): Task {
  const json = readJson(file, place, id);
  try {
    return JSON.parse(json);
  } catch {
    throw storageError(file.path, new Error(`the record of task "${id}" is malformed`));
  }
}

function readJson(file: DatabaseFile, place: number, id: string): string {
  const row = file.get("SELECT record FROM records WHERE place = ?", place);
  if (row === undefined) throw new StorageError(file.path, `the record of task "${id}" is not there`);
  return String(row.record);
}
