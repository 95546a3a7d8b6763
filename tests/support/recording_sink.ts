/**
 * A sink that records reports, for tests of code that reports tasks.
 *
 * @module
 */

import type { Report } from "../../lib/task/protocol.ts";
import { FlushInTurn } from "../../lib/reporter/flush_in_turn.ts";
import type { ReportedTask, ReportSink } from "../../lib/reporter/report_sink.ts";
import type { LogLine, Task } from "../../lib/task/task.ts";
import { transition } from "../../lib/task/transition.ts";

/** A sink that records every report, and applies it to the task's record as a registry would. */
export class RecordingSink implements ReportSink {
  readonly reports: Report[] = [];
  readonly opened: ReportedTask[] = [];
  readonly closed: ReportedTask[] = [];
  readonly #tasks: Map<string, Task> = new Map();
  readonly #turns: FlushInTurn = new FlushInTurn(this);
  /** The number of reports after which the sink is not ready. */
  room = Infinity;
  #isReady = true;

  get ready(): boolean {
    return this.#isReady;
  }

  /** Whether the sink accepts reports; when set to true, it requests the reports that were held back. */
  set ready(isReady: boolean) {
    this.#isReady = isReady;
    if (isReady) this.#turns.flush(this.opened);
  }

  /** The types of the changes reported so far. */
  get types(): string[] {
    return this.reports.map(({ change }) => change.type);
  }

  /** The log lines reported so far. */
  get lines(): LogLine[] {
    return this.reports.flatMap(({ change }) => change.type === "log" ? change.lines : []);
  }

  /** Returns the record that results from the reports of a task. */
  task(id: string): Task {
    return this.#tasks.get(id)!;
  }

  /** Returns the records of all tasks, in the order of their creation. */
  tasks(): Task[] {
    return [...this.#tasks.values()];
  }

  open(task: ReportedTask): void {
    this.opened.push(task);
  }

  report(_task: ReportedTask, report: Report): void {
    const { id, change, at } = report;
    this.reports.push(report);
    if (--this.room === 0) this.#isReady = false;
    // A task that is created again is reported again from its beginning.
    if (change.type === "create") this.#tasks.delete(id);
    this.#tasks.set(id, transition(this.#tasks.get(id), id, change, at));
  }

  close(task: ReportedTask): void {
    this.closed.push(task);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
