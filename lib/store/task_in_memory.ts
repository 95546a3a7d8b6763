/**
 * A stored task whose record is in memory.
 *
 * @module
 */

import type { Task, TaskSummary } from "../task/task.ts";
import type { TaskRecord } from "./store.ts";

/** A task whose record is in memory; it is serialised on the first access to its JSON. */
export class TaskInMemory implements TaskRecord {
  readonly task: Task;
  readonly seq: number;
  #json: string | undefined;

  /**
   * @param task the record
   * @param seq the sequence number of the task's last change
   * @param json the record as JSON, if it was serialised before
   */
  constructor(task: Task, seq: number, json?: string) {
    this.task = task;
    this.seq = seq;
    this.#json = json;
  }

  get id(): string {
    return this.task.id;
  }

  get active(): boolean {
    return this.task.active;
  }

  get summary(): TaskSummary {
    return this.task;
  }

  get json(): string {
    return this.#json ??= JSON.stringify(this.task);
  }
}
