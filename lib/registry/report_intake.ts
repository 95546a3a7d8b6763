/**
 * Takes the reports of one reporter, and knows what to tell it of those that can't be taken.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Report } from "../task/protocol.ts";
import type { Registry } from "./registry.ts";
import type { Reporter } from "./registry_types.ts";
import type { ReporterCommand } from "../reporter/reporter_command.ts";
import { TransitionError } from "../task/transition.ts";

/** Unknown tasks that are remembered; of more, all are forgotten, and their reporter is told again. */
const REMEMBERED_TASKS = 10_000;

/** Hands the reports of one reporter to the registry. */
export class ReportIntake {
  readonly #registry: Registry;
  readonly #reporter: Reporter;
  /** Tasks that are not known here, which the reporter was told of; what it had on its way for them is of no use. */
  readonly #unknown: Set<string> = new Set();

  /**
   * @param registry the authority
   * @param reporter the side that runs the tasks
   */
  constructor(registry: Registry, reporter: Reporter) {
    this.#registry = registry;
    this.#reporter = reporter;
  }

  /**
   * Takes a report.
   *
   * @param report what happened
   * @returns what the reporter is to be told; `null` where it is taken, or had been taken before
   * @throws {StorageError} where nothing can be taken at present
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
}

/**
 * The reason to give a reporter for a report that was refused.
 *
 * @param error the error that the registry threw
 * @returns the reason; `null` if the task has ended, which needs no words
 */
export function refusalReason(error: unknown): string | null {
  if (codeOf(error) === "task_ended") return null;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): TransitionError["code"] | null {
  return error instanceof TransitionError ? error.code : null;
}
