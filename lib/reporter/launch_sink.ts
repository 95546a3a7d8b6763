/**
 * Adds the function name and the arguments to the report that creates a task which the server has started.
 *
 * @module
 */

import type { MaybePromise } from "../task/maybe_promise.ts";
import type { Report } from "../task/protocol.ts";
import type { Launch } from "../task/task.ts";
import type { ReportedTask, ReportSink } from "./report_sink.ts";

/**
 * Passes on the reports of a run that the server started and of its subtasks, and adds the run's function
 * name and arguments.
 */
export class LaunchSink implements ReportSink {
  readonly #sink: ReportSink;
  readonly #launch: Launch;

  /**
   * @param sink the sink to pass the reports on to
   * @param launch the name of the registered function, and the arguments of the run
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
    // Only the run itself can be started again, not its subtasks.
    const isRun = change.type === "create" && change.retryable;
    this.#sink.report(task, isRun ? { ...report, launch: this.#launch } : report);
  }

  close(task: ReportedTask): void {
    this.#sink.close(task);
  }

  settled(): MaybePromise<void> {
    return this.#sink.settled();
  }
}
