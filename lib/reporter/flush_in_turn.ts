/**
 * Shares the room of a sink among its tasks.
 *
 * @module
 */

import type { ReportedTask, ReportSink } from "./report_sink.ts";

/** Lets the tasks of a sink send the reports that they held back, so that no task waits for the log of another. */
export class FlushInTurn {
  readonly #sink: ReportSink;
  /** The task that found no room, and is therefore served first the next time; `null` if there was none. */
  #next: ReportedTask | null = null;

  /** @param sink the sink of the tasks */
  constructor(sink: ReportSink) {
    this.#sink = sink;
  }

  /**
   * Flushes tasks until the sink is no longer ready.
   *
   * @param tasks the tasks of the sink, in the order in which they were opened
   */
  flush(tasks: Iterable<ReportedTask>): void {
    const opened = [...tasks];
    for (const task of opened) task.announce();
    const first = this.#next === null ? 0 : Math.max(0, opened.indexOf(this.#next));
    let waiting = [...opened.slice(first), ...opened.slice(0, first)];
    while (waiting.length > 0) {
      const unfinished: ReportedTask[] = [];
      for (const task of waiting) {
        this.#next = task;
        if (!this.#sink.ready) return;
        if (task.flushPart()) unfinished.push(task);
      }
      waiting = unfinished;
    }
    this.#next = null;
  }
}
