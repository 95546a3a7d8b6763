/**
 * Keeps what must be reported again to a server that lost its data. Pure.
 *
 * @module
 */

import type { ReportedTask } from "../reporter/report_sink.ts";
import type { LogLine, ReportedChange } from "../task/task.ts";

/** A task that has ended and made its last report. */
interface EndedTask {
  readonly task: ReportedTask;
  /** The number of reports of all tasks up to its last one. */
  readonly end: number;
}

/** Log lines that are not committed yet. */
interface UncommittedLines {
  readonly key: string;
  /** The number of reports of all tasks up to these lines. */
  readonly end: number;
  readonly lines: readonly LogLine[];
}

/**
 * Keeps what a {@linkcode ReportedTask} does not keep itself until it is committed: ended tasks, and reported
 * log lines. All collections are in the order of the reports.
 */
export class Replay {
  readonly #ended: Map<string, EndedTask> = new Map();
  /** For each task whose creation is uncommitted, the number of reports up to it. */
  readonly #created: Map<string, number> = new Map();
  #lines: UncommittedLines[] = [];
  #committed = 0;

  /** The number of ended tasks with uncommitted reports. */
  get endedCount(): number {
    return this.#ended.size;
  }

  /**
   * Records a report.
   *
   * @param key the key of its task
   * @param change the change that it reports
   * @param end the number of reports up to it
   */
  reported(key: string, change: ReportedChange, end: number): void {
    if (change.type === "log") this.#lines.push({ key, end, lines: change.lines });
    else if (change.type === "create") moveToEnd(this.#created, key, end);
  }

  /**
   * Records the end of a task.
   *
   * @param key the key of the task
   * @param task the task
   * @param end the number of reports up to its last one
   */
  ended(key: string, task: ReportedTask, end: number): void {
    moveToEnd(this.#ended, key, { task, end });
  }

  /** Returns an ended task that may have to be reported again. */
  endedTask(key: string): ReportedTask | undefined {
    return this.#ended.get(key)?.task;
  }

  /** Drops an ended task. */
  forget(key: string): void {
    this.#ended.delete(key);
  }

  /**
   * Whether a task's creation is uncommitted: a reply that the task is unknown may then be older than its
   * creation.
   */
  isCreationPending(key: string): boolean {
    return (this.#created.get(key) ?? 0) > this.#committed;
  }

  /** Returns the uncommitted log lines of a task. */
  linesOf(key: string): readonly LogLine[] {
    return this.#lines.flatMap((entry) => entry.key === key ? entry.lines : []);
  }

  /** Drops everything that belongs to the first `count` reports, because they are committed. */
  committed(count: number): void {
    this.#committed = count;
    for (const [key, { end }] of this.#ended) {
      if (end > count) break;
      this.#ended.delete(key);
    }
    for (const [key, end] of this.#created) {
      if (end > count) break;
      this.#created.delete(key);
    }
    const kept = this.#lines.findIndex(({ end }) => end > count);
    this.#lines.splice(0, kept === -1 ? this.#lines.length : kept);
  }

  /** Drops everything. */
  clear(): void {
    this.#ended.clear();
    this.#created.clear();
    this.#lines = [];
  }
}

/** Sets an entry and moves it to the end of the map's order. */
function moveToEnd<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}
