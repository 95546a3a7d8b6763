/**
 * The newest lines of a task's log in the browser, and its state as the task changes.
 *
 * @module
 */

import { effect, type Signal, signal } from "@preact/signals";
import type { LogLine, Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { LogPage } from "../../lib/task/wire.ts";
import type { TaskLog } from "../shared/model.ts";
import type { Readable } from "../shared/view.ts";

/** The maximum number of the newest lines that are kept. */
const MAX_LINES = 1_000;

/** The newest lines of a log. */
export class LiveLog implements Disposable {
  readonly lines: Signal<TaskLog>;
  readonly task: Readable<Task>;
  readonly #stop: () => void;

  /**
   * @param first the lines that the server rendered
   * @param task the newest record of the task
   * @param onReplace called if another task has reused the id
   */
  constructor(first: TaskLog, task: Readable<Task>, onReplace: () => void) {
    this.lines = signal(first);
    this.task = task;
    let createdAt = task.value.created_at;
    this.#stop = effect(() => {
      const { value } = task;
      const isAnother = value.created_at !== createdAt;
      createdAt = value.created_at;
      this.#trim(isAnother ? 0 : hasEnded(value) ? value.log_count : Infinity);
      if (isAnother) onReplace();
    });
  }

  /** The number of the first line that has to be fetched; `null` if none is missing. */
  next(): number | null {
    const end = endOf(this.lines.value);
    const count = this.task.value.log_count;
    // At most as many lines are fetched as are kept.
    return count > end ? Math.max(end, count - MAX_LINES) : null;
  }

  /** Adds a page of fetched lines, given the number that {@linkcode LiveLog.next} returned for the request. */
  add(page: LogPage, after: number): void {
    const known = this.lines.peek();
    const end = endOf(known);
    const fresh: readonly LogLine[] = page.lines.slice(Math.max(0, end - page.first));
    // Lines may be missing before the fetched ones, because the server no longer keeps them or because there were too
    // many. The lines before such a gap are dropped, because the log would look complete with them.
    const isGap = page.first > end;
    const lines = [...isGap ? [] : known.lines, ...fresh].slice(-MAX_LINES);
    const dropped = Math.max(end, page.first) + fresh.length - lines.length;
    this.lines.value = { lines, dropped, gone: page.first > after ? page.first : known.gone };
  }

  /**
   * Learns from a request for lines which of them the server no longer keeps.
   *
   * @param from the first line that was requested
   * @param first the first line that the server still keeps, or the first after a gap
   * @returns whether these are the oldest lines of the log; otherwise, only a request for those would tell
   */
  gone(from: number, first: number): boolean {
    const { lines, dropped, gone } = this.lines.peek();
    if (from > gone) return false;
    const kept = Math.max(dropped, first);
    this.lines.value = { lines: lines.slice(kept - dropped), dropped: kept, gone: Math.max(gone, first) };
    return true;
  }

  /** Stops following the task. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  /** Drops the lines from a number on, because the server may have lost these lines in a crash. */
  #trim(kept: number): void {
    const { lines, dropped, gone } = this.lines.peek();
    if (kept < dropped) this.lines.value = { lines: [], dropped: kept, gone: Math.min(gone, kept) };
    else if (kept < dropped + lines.length) {
      this.lines.value = { lines: lines.slice(0, kept - dropped), dropped, gone };
    }
  }
}

function endOf({ lines, dropped }: TaskLog): number {
  return dropped + lines.length;
}
