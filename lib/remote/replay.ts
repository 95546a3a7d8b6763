/**
 * Keeps the data that must be reported again to a server that lost its data.
 *
 * @module
 */

import type { ReportedTask } from "../reporter/report_sink.ts";
import type { LogLine, ReportedChange } from "../task/task.ts";

/** A task that has ended and whose last report was made. */
interface EndedTask {
  readonly task: ReportedTask;
  /** The number of all reports of this sink up to and including the task's last report. */
  readonly end: number;
}

/** Log lines that are not committed yet. */
interface UncommittedLines {
  readonly key: string;
  /** The number of all reports of this sink up to and including the report with these lines. */
  readonly end: number;
  readonly lines: readonly LogLine[];
}

/**
 * Keeps ended tasks and reported log lines until they are committed, because the sink forgets ended tasks,
 * and a {@linkcode ReportedTask} does not keep its reported lines. All collections are in the order of the
 * reports.
 */
export class Replay {
  readonly #ended: Map<string, EndedTask> = new Map();
  /**
   * For each task whose creation is uncommitted, the number of all reports up to and including its creation.
   */
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
   * @param key the key of the report's task
   * @param change the change that the report contains
   * @param end the number of all reports up to and including this report
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
   * @param end the number of all reports up to and including the task's last report
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
   * Returns whether a task's creation is uncommitted, in which case a reply that the task is unknown may be
   * older than the creation.
   */
  isCreationPending(key: string): boolean {
    return (this.#created.get(key) ?? 0) > this.#committed;
  }

  /** Returns the uncommitted log lines of a task. */
  linesOf(key: string): readonly LogLine[] {
    return this.#lines.flatMap((entry) => entry.key === key ? entry.lines : []);
  }

  /** Drops the data of the first `count` reports, because they are committed. */
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

  /** Drops all kept data. */
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
