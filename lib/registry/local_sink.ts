/**
 * Passes the reports of tasks in the authority's own isolate to the registry by direct calls.
 *
 * @module
 */

import type { MaybePromise } from "../task/maybe_promise.ts";
import type { Report } from "../task/protocol.ts";
import { TaskMap } from "../task/task_map.ts";
import type { TaskRegistry } from "./task_registry.ts";
import type { Reporter } from "./registry_types.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";
import { refusalReason } from "./report_intake.ts";

/** Passes reports to the registry, and cancellation requests back to the tasks. */
export class LocalSink implements ReportSink, Reporter, Disposable {
  readonly id = "local";
  readonly ready = true;
  readonly #registry: TaskRegistry;
  readonly #tasks: TaskMap<ReportedTask> = new TaskMap();
  #isDisposed = false;

  /** @param registry the registry to report to */
  constructor(registry: TaskRegistry) {
    this.#registry = registry;
  }

  open(task: ReportedTask): void {
    // If two tasks use the same id, the id belongs to the first task, and the reports of the second one are refused.
    const { client, id } = task;
    if (this.#tasks.get(client, id) === undefined) this.#tasks.set(client, id, task);
  }

  report(task: ReportedTask, report: Report): void {
    // After the monitor was disposed, a task that is still running gets no warning that its reports are ignored.
    if (this.#isDisposed) return;
    try {
      this.#registry.report(report, this);
    } catch (error) {
      task.refused(refusalReason(error));
    }
  }

  close(task: ReportedTask): void {
    const { client, id } = task;
    if (this.#tasks.get(client, id) === task) this.#tasks.delete(client, id);
  }

  settled(): MaybePromise<void> {
    if (this.#registry.uncommitted > 0) return this.#registry.committed();
  }

  /** Ignores further reports. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#tasks.clear();
  }

  cancelRequested(client: string, id: string): void {
    this.#tasks.get(client, id)?.cancelRequested();
  }

  interrupted(client: string, id: string): void {
    this.#tasks.get(client, id)?.interrupted();
  }
}
