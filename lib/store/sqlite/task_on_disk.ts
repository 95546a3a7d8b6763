/**
 * A task that has ended and is read when somebody asks for it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { Task } from "../../task.ts";
import type { StoredTask } from "../store.ts";
import type { DatabaseFile } from "./database_file.ts";
import { storageError } from "./trouble.ts";

/** A task whose record is on disk. */
export class TaskOnDisk implements StoredTask {
  readonly active = false;
  readonly id: string;
  readonly seq: number;
  readonly #file: DatabaseFile;
  readonly #place: number;

  /**
   * @param file where the record is
   * @param place the task's place in the order of creation
   * @param id the task's id
   * @param seq the number of its last change
   */
  constructor(file: DatabaseFile, place: number, id: string, seq: number) {
    this.#file = file;
    this.#place = place;
    this.id = id;
    this.seq = seq;
  }

  /** @throws {StorageError} where the record can't be read, or the task was purged since */
  get json(): string {
    const row = this.#file.get("SELECT record FROM records WHERE place = ?", this.#place);
    if (row === undefined) {
      throw new StorageError(this.#file.path, `the record of task "${this.id}" is not there`);
    }
    return String(row.record);
  }

  get task(): Task {
    const { json } = this;
    try {
      return JSON.parse(json);
    } catch {
      throw storageError(this.#file.path, new Error(`the record of task "${this.id}" is malformed`));
    }
  }
}
