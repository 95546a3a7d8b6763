/**
 * Passes the reports of tasks in the authority's own isolate to the registry by direct calls.
 *
 * @module
 */

import type { MaybePromise } from "../task/maybe_promise.ts";
import type { Report } from "../task/protocol.ts";
import type { TaskRegistry } from "./task_registry.ts";
import type { Reporter } from "./registry_types.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";
import { refusalReason } from "./report_intake.ts";

/** Passes reports to the registry, and cancellation requests back to the tasks. */
export class LocalSink implements ReportSink, Reporter, Disposable {
  readonly id = "local";
  readonly ready = true;
  readonly #registry: TaskRegistry;
  readonly #tasks: Map<string, ReportedTask> = new Map();
  #isDisposed = false;

  /** @param registry the registry to report to */
  constructor(registry: TaskRegistry) {
    this.#registry = registry;
  }

  open(task: ReportedTask): void {
    // If two tasks use the same id, the id belongs to the first task, and the reports of the second one are refused.
    const key = `${task.client}/${task.id}`;
    if (!this.#tasks.has(key)) this.#tasks.set(key, task);
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
    const key = `${task.client}/${task.id}`;
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
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
    this.#tasks.get(`${client}/${id}`)?.cancelRequested();
  }

  interrupted(client: string, id: string): void {
    this.#tasks.get(`${client}/${id}`)?.interrupted();
  }
}
