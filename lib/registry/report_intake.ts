/**
 * Applies the reports of one reporter, and decides which command the reporter gets if a report is refused.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { Report } from "../task/protocol.ts";
import type { TaskRegistry } from "./task_registry.ts";
import type { Reporter } from "./registry_types.ts";
import type { ReporterCommand } from "../reporter/reporter_command.ts";
import { isLate, TransitionError } from "../task/transition.ts";

/**
 * The maximum number of unknown tasks to remember. Beyond it, all unknown tasks are forgotten, so that the reporter may
 * be notified of the same task twice.
 */
const REMEMBERED_TASKS = 10_000;

/** Passes the reports of one reporter to the registry. */
export class ReportIntake {
  readonly #registry: TaskRegistry;
  readonly #reporter: Reporter;
  /** The unknown tasks of which the reporter was notified; further reports of these tasks are ignored. */
  readonly #unknown: Set<string> = new Set();

  /**
   * @param registry the registry to apply reports to
   * @param reporter the side that runs the tasks
   */
  constructor(registry: TaskRegistry, reporter: Reporter) {
    this.#registry = registry;
    this.#reporter = reporter;
  }

  /**
   * Applies a report to the registry.
   *
   * @param report the report
   * @returns the answer to the reporter; `null` if the report was applied, now or before
   * @throws {StorageError} if no report can be applied at present
   */
  take(report: Report): ReporterCommand | null {
    const { client, id, change } = report;
    const key = `${client}/${id}`;
    if (change.type === "create") this.#unknown.delete(key);
    else if (this.#unknown.has(key)) return null;
    try {
      this.#registry.report(report, this.#reporter);
      return null;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const code = codeOf(error);
      if (code === "late_report") return null;
      if (code === "task_not_found") {
        if (this.#unknown.size >= REMEMBERED_TASKS) this.#unknown.clear();
        this.#unknown.add(key);
        return { type: "unknown", client, id };
      }
      return { type: "refused", client, id, reason: refusalReason(error) };
    }
  }

  /**
   * Returns all commands that the reporter gets in reply to a report. If the reporter was not connected when its task
   * was cancelled or interrupted, they include the command to stop the task. This command comes first, because a task
   * gets no more commands after one of its reports was refused.
   *
   * @param report the report
   * @param command what {@linkcode ReportIntake.take} returned for it
   * @returns the commands, in order, or a promise if the record of the task must be read
   * @throws {StorageError} if it cannot be read
   */
  replies(report: Report, command: ReporterCommand): MaybePromise<readonly ReporterCommand[]> {
    if (command.type !== "refused") return [command];
    const { client, id, change, seq = null } = report;
    const reporter = this.#reporter.isRemote ? this.#reporter.id : null;
    return andThen(this.#registry.record(client, id), (record) => {
      if (record === undefined) return [command];
      const { task } = record;
      // The record of an ended task may not have been in memory, so that a repeated report was not recognised.
      if (isLate(task, change, { reporter, seq })) return [];
      if (task.state === "CANCELLED") return [{ type: "cancel", client, id }, command];
      return task.error?.type === "interrupted" ? [{ type: "interrupt", client, id }, command] : [command];
    });
  }
}

/**
 * Returns the reason to give a reporter for a report that was refused.
 *
 * @param error the error that the registry threw
 * @returns the reason; `null` if the task has ended, in which case the reporter need not print a warning
 */
export function refusalReason(error: unknown): string | null {
  if (codeOf(error) === "task_ended") return null;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): TransitionError["code"] | null {
  return error instanceof TransitionError ? error.code : null;
}
