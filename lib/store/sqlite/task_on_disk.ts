/**
 * A stored task whose record is read from disk on each access.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../task/task.ts";
import type { TaskRecord } from "../store.ts";

/** Reads the records of ended tasks. */
export interface RecordReader {
  /**
   * Reads a record as JSON.
   *
   * @param place the task's place in the order of creation
   * @param id the task's id, for error messages
   * @throws {StorageError} if the record cannot be read, is damaged or does not exist
   */
  json(place: number, id: string): string;
  /**
   * Reads a record; the parameters are those of {@linkcode RecordReader.json}.
   *
   * @throws {StorageError} if the record cannot be read, is damaged or does not exist
   */
  task(place: number, id: string): Task;
}

/** An ended task of which only the summary is in memory. */
export class TaskOnDisk implements TaskRecord {
  readonly active = false;
  readonly summary: TaskSummary;
  readonly seq: number;
  readonly #records: RecordReader;
  readonly #place: number;

  /**
   * @param records reads the record of the task
   * @param place the task's place in the order of creation
   * @param summary the task's summary
   * @param seq the sequence number of the task's last change
   */
  constructor(records: RecordReader, place: number, summary: TaskSummary, seq: number) {
    this.#records = records;
    this.#place = place;
    this.summary = summary;
    this.seq = seq;
  }

  get id(): string {
    return this.summary.id;
  }

  /** @throws {StorageError} if the record cannot be read or is damaged, or the task has been purged */
  get json(): string {
    return this.#records.json(this.#place, this.id);
  }

  /** @throws {StorageError} if the record cannot be read or is damaged, or the task has been purged */
  get task(): Task {
    return this.#records.task(this.#place, this.id);
  }
}
