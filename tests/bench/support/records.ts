/**
 * Tasks as they look in earnest: every field in use.
 *
 * @module
 */

import type { Registry, Reporter } from "../../../lib/registry.ts";
import type { ReportedChange, UpdateChange } from "../../../lib/task.ts";

/** The client token of the tasks that are watched. */
export const CLIENT = "bench";

/** What a worker is told: how many updates of which task to send, and in which way. */
export interface IngestOrder {
  readonly way: "ours" | "bare";
  readonly id: string;
  readonly count: number;
}

const REPORTER: Reporter = { id: "bench", cancelRequested: () => {} };

/** Reports a change of a task. */
export function report(registry: Registry, id: string, change: ReportedChange): void {
  registry.report({ client: CLIENT, id, at: Date.now() / 1000, change }, REPORTER);
}

/** Creates a task that runs. */
export function begin(registry: Registry, id: string): void {
  report(registry, id, {
    type: "create",
    name: "import_customer_orders",
    metadata: { source: "s3://orders/2026-11/part-0042.parquet", host: "worker-7", trigger: "schedule" },
    tags: ["nightly", "orders", "eu-west"],
    parent_id: null,
    weight: 1,
    attempt: 1,
    stale_after: 3_600,
  });
  report(registry, id, { type: "start" });
  report(registry, id, updateOf(0));
}

/** Creates tasks that have ended. */
export function addEnded(registry: Registry, count: number): void {
  for (let index = 0; index < count; index++) {
    const id = `ended-${String(index).padStart(6, "0")}`;
    begin(registry, id);
    report(registry, id, { type: "finish", result: { rows: 1_000_000 + index, rejected: 17 } });
  }
}

/** An update; each is another one. */
export function updateOf(step: number): UpdateChange {
  const current = 1_000 + step;
  return { type: "update", current, total: 9_000_000, unit: "rows", status: `Imported ${current} rows` };
}
