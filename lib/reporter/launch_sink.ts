/**
 * Reports with the creation of a task how it was started by name.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { Launch } from "../task/task.ts";
import type { ReportedTask, ReportSink } from "./report_sink.ts";

/** Passes on the reports of one run that is started by name, and of its subtasks. */
export class LaunchSink implements ReportSink {
  readonly #sink: ReportSink;
  readonly #launch: Launch;

  /**
   * @param sink the sink to pass the reports on to
   * @param launch the name and the arguments that the run is started with
   */
  constructor(sink: ReportSink, launch: Launch) {
    this.#sink = sink;
    this.#launch = launch;
  }

  get ready(): boolean {
    return this.#sink.ready;
  }

  open(task: ReportedTask): void {
    this.#sink.open(task);
  }

  report(task: ReportedTask, report: Report): void {
    const { change } = report;
    // Subtasks can't be started again by themselves.
    const isRun = change.type === "create" && change.retryable;
    this.#sink.report(task, isRun ? { ...report, launch: this.#launch } : report);
  }

  close(task: ReportedTask): void {
    this.#sink.close(task);
  }

  settled(): Promise<void> {
    return this.#sink.settled();
  }
}
