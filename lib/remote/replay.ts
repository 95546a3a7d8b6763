/**
 * What a server that comes without its data would have to be told again. Pure.
 *
 * @module
 */

import type { ReportedTask } from "../reporter/report_sink.ts";
import type { LogLine, ReportedChange } from "../task/task.ts";

/** A task whose last report has been handed over. */
interface EndedTask {
  readonly task: ReportedTask;
  /** How many reports there were with its last one. */
  readonly end: number;
}

/** Lines of a task's log that are not committed. */
interface UncommittedLines {
  readonly key: string;
  /** How many reports there were with them. */
  readonly end: number;
  readonly lines: readonly LogLine[];
}

/**
 * Keeps, until it is committed, what a task does not keep itself: that it is there at all once it has ended, and the
 * lines that it has handed over. In all of it, what was first comes first.
 */
export class Replay {
  readonly #ended: Map<string, EndedTask> = new Map();
  /** The tasks whose creation is on its way, by how many reports there are with it. */
  readonly #created: Map<string, number> = new Map();
  #lines: UncommittedLines[] = [];
  #committed = 0;

  /** How many tasks have ended whose reports are not all committed. */
  get endedCount(): number {
    return this.#ended.size;
  }

  /**
   * Takes note of a report.
   *
   * @param key whose
   * @param change what it says
   * @param end how many reports there are with it
   */
  reported(key: string, change: ReportedChange, end: number): void {
    if (change.type === "log") this.#lines.push({ key, end, lines: change.lines });
    else if (change.type === "create") moveToEnd(this.#created, key, end);
  }

  /**
   * Takes note that a task has ended.
   *
   * @param key its key
   * @param task the task
   * @param end how many reports there are with its last one
   */
  ended(key: string, task: ReportedTask, end: number): void {
    moveToEnd(this.#ended, key, { task, end });
  }

  /** A task that has ended, and that may have to be told again. */
  endedTask(key: string): ReportedTask | undefined {
    return this.#ended.get(key)?.task;
  }

  /** There is nothing more to ask of a task that has ended. */
  forget(key: string): void {
    this.#ended.delete(key);
  }

  /**
   * Whether the creation of a task is on its way: what a server says of it may be a word from before it was told anew.
   */
  isCreationPending(key: string): boolean {
    return (this.#created.get(key) ?? 0) > this.#committed;
  }

  /** The lines of a task that were handed over, and that nobody has kept. */
  linesOf(key: string): readonly LogLine[] {
    return this.#lines.flatMap((entry) => entry.key === key ? entry.lines : []);
  }

  /** So many reports are committed. */
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

  /** Nobody is to be told anything. */
  clear(): void {
    this.#ended.clear();
    this.#created.clear();
    this.#lines = [];
  }
}

/** Sets what may be set already, and puts it behind the others. */
function moveToEnd<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}
