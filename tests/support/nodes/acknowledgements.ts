/**
 * Records what a cluster has acknowledged, and compares its tasks and logs with that.
 *
 * @module
 */

import type { Task, TaskState } from "../../../lib/task/task.ts";
import { shown } from "../crash/held.ts";

/** What was acknowledged of a task. */
interface Entry {
  /** The newest version in an acknowledgement. */
  version: number;
  /** The count of the last acknowledged update. */
  current: number;
  /** The number of acknowledged log lines, and of those that were sent. */
  lines: number;
  sentLines: number;
  /** The final state that was acknowledged; `null` if none was. */
  end: TaskState | null;
}

/** The acknowledgements of the reports of one load. */
export class Acknowledgements {
  readonly #entries: Map<string, Entry> = new Map();
  readonly #complaints: string[] = [];
  #count = 0;

  /** The number of acknowledgements so far. */
  get count(): number {
    return this.#count;
  }

  /** The violated guarantees so far. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** The ids of the tasks whose creation was acknowledged. */
  get ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Records a violated guarantee. */
  complain(complaint: string): void {
    this.#complaints.push(complaint);
  }

  /** Returns the text of a line of a task's log; lines are counted from 0. */
  static line(id: string, number: number): string {
    return `${id} line ${number}`;
  }

  /** Returns how many lines of a task's log were acknowledged. */
  linesOf(id: string): number {
    return this.#entries.get(id)?.lines ?? 0;
  }

  /** Records that the lines of a task's log up to a number are about to be sent. */
  sending(id: string, lines: number): void {
    const entry = this.#entries.get(id)!;
    entry.sentLines = Math.max(entry.sentLines, lines);
  }

  /**
   * Records the acknowledgement of a report.
   *
   * @param task the record in the response
   * @param current the count that was reported; 0 if it was none
   * @param lines how many lines the log has after the report
   */
  acknowledged(task: Task, current: number, lines: number): void {
    this.#count++;
    const none = { version: 0, current: 0, lines: 0, sentLines: 0, end: null };
    const entry = this.#entries.get(task.id) ?? none;
    this.#entries.set(task.id, entry);
    this.compare("The acknowledgement", task);
    entry.version = Math.max(entry.version, task.version);
    entry.current = Math.max(entry.current, current);
    entry.lines = Math.max(entry.lines, lines);
    if (!task.active && task.finished_at !== null) entry.end = task.state;
    this.compare("The acknowledgement", task);
  }

  /** Compares a record that was read now with what was acknowledged before. */
  compare(what: string, task: Task): void {
    const entry = this.#entries.get(task.id);
    if (entry === undefined) return;
    const { version, current, lines, sentLines, end } = entry;
    const isOld = task.version < version || (task.current ?? 0) < current || task.log_count < lines ||
      (end !== null && task.state !== end);
    if (isOld) {
      this.complain(
        `${what} has an old ${task.id}: ${shown(task)}, and ${JSON.stringify(entry)} is acknowledged`,
      );
    }
    if (task.log_count > sentLines) {
      this.complain(`${what} has lines twice: ${shown(task)}, and ${sentLines} lines were sent`);
    }
  }

  /** Compares the tasks of a client with what was acknowledged. */
  compareAll(what: string, tasks: ReadonlyMap<string, Task>): void {
    for (const id of this.#entries.keys()) {
      const task = tasks.get(id);
      if (task === undefined) this.complain(`${what} has lost ${id}`);
      else this.compare(what, task);
    }
  }

  /** Compares the whole log of a task with its record. */
  compareLog(what: string, task: Task, lines: readonly string[]): void {
    const wanted = Array.from({ length: task.log_count }, (_, n) => Acknowledgements.line(task.id, n));
    if (lines.join("\n") === wanted.join("\n")) return;
    const wrong = lines.findIndex((line, n) => line !== wanted[n]);
    this.complain(
      `${what} has ${lines.length} of ${task.log_count} lines of ${task.id}, and line ${wrong} is ${
        lines[wrong]
      }`,
    );
  }
}
