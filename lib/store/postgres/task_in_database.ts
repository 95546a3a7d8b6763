/**
 * An ended task whose record is in the database, and the same task with its record once that was read.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../task/task.ts";
import type { StoredTask, TaskRecord } from "../store.ts";

/** An ended task of which only the summary is in memory. */
export class TaskInDatabase implements StoredTask {
  readonly active = false;
  readonly place: number;
  readonly summary: TaskSummary;
  readonly seq: number;

  /**
   * @param place the task's place in the order of creation
   * @param summary the task's summary
   * @param seq the sequence number of the task's last change
   */
  constructor(place: number, summary: TaskSummary, seq: number) {
    this.place = place;
    this.summary = summary;
    this.seq = seq;
  }

  get id(): string {
    return this.summary.id;
  }
}

/** An ended task whose record was read; it is parsed on the first access to its fields. */
export class ReadTask implements TaskRecord {
  readonly active = false;
  readonly id: string;
  readonly seq: number;
  readonly json: string;
  #task: Task | undefined;

  /**
   * @param id the task's id
   * @param seq the sequence number of the task's last change
   * @param json the record
   */
  constructor(id: string, seq: number, json: string) {
    this.id = id;
    this.seq = seq;
    this.json = json;
  }

  get task(): Task {
    return this.#task ??= JSON.parse(this.json) as Task;
  }

  get summary(): TaskSummary {
    return this.task;
  }
}
