/**
 * Reports runs at given times, as a reporter does whose reports waited for a connection.
 *
 * @module
 */

import type { Monitor } from "../../lib/mod.ts";
import type { Registry } from "../../lib/registry/registry.ts";
import { createChange } from "./changes.ts";
import type { CreateFields } from "../../lib/task/create_change.ts";
import type { ReportedChange, TaskState } from "../../lib/task/task.ts";
import { TestReporter } from "./registry.ts";

/** A run to report. */
export interface TimedRun extends Partial<CreateFields> {
  readonly client?: string;
  readonly id: string;
  /** How many seconds ago the run started. */
  readonly ago: number;
  /** How long the run took, in seconds; without it, the run has not ended. */
  readonly took?: number;
  /** The final state. @default {"FINISHED"} */
  readonly state?: TaskState;
  /** The progress of a run that has not ended. */
  readonly progress?: number;
}

/** Reports runs in the given order. */
export function reportRuns(monitor: Monitor, runs: readonly TimedRun[]): void {
  const reporter = new TestReporter("past", true);
  // The public interface of a monitor only reads tasks.
  const registry = monitor.registry as Registry;
  const now = Date.now() / 1_000;
  for (const { client = "one", id, ago, took, state = "FINISHED", progress, ...fields } of runs) {
    const report = (change: ReportedChange, at: number) =>
      registry.report({ client, id, change, at }, reporter);
    const started = now - ago;
    report(createChange(fields), started);
    report({ type: "start" }, started);
    if (progress !== undefined) report({ type: "update", progress }, now);
    if (took === undefined) continue;
    if (state === "CANCELLED") report({ type: "cancelled" }, started + took);
    else if (state === "ERROR") {
      report({ type: "fail", error: { type: "Error", message: "broken" } }, started + took);
    } else report({ type: "finish", result: null }, started + took);
  }
}
