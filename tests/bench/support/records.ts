/**
 * Creates realistic tasks, in which every field has a value.
 *
 * @module
 */

import type { Registry } from "../../../lib/registry/registry.ts";
import type { Reporter } from "../../../lib/registry/registry_types.ts";
import type { TaskUpdate } from "../../../lib/reporter/task_update.ts";
import type { ReportedChange, UpdateChange } from "../../../lib/task/task.ts";

/** The client whose tasks benchmarks read and watch. */
export const CLIENT = "bench";

/** The message that tells a worker how many updates of which task to send, and in which way. */
export interface IngestOrder {
  readonly way: "ours" | "bare";
  readonly id: string;
  readonly count: number;
}

/** The metadata and the tags of a task. */
export const LABELS = {
  metadata: { source: "s3://orders/2026-11/part-0042.parquet", host: "worker-7", trigger: "schedule" },
  tags: ["nightly", "orders", "eu-west"],
} as const;

const REPORTER: Reporter = { id: "bench", cancelRequested: () => {}, interrupted: () => {} };

/** Reports a change of a task. */
export function report(registry: Registry, id: string, change: ReportedChange, client = CLIENT): void {
  registry.report({ client, id, at: Date.now() / 1000, change }, REPORTER);
}

/** Creates and starts a task. */
export function begin(registry: Registry, id: string, client = CLIENT, update = updateOf(0)): void {
  report(registry, id, {
    type: "create",
    name: "import_customer_orders",
    ...LABELS,
    parent_id: null,
    weight: 1,
    share: null,
    attempt: 1,
    retry_of: null,
    retryable: false,
    stale_after: 3_600,
  }, client);
  report(registry, id, { type: "start" }, client);
  report(registry, id, update, client);
}

/** The result of a finished task; a record with it has about a thousand characters. */
const RESULT = {
  rows: 9_000_000,
  rejected: 17,
  reasons: { "unknown country": 9, "amount is not a number": 5, "date in the future": 3 },
  output: "s3://warehouse/orders/2026-11/part-0042/",
  checksum: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  report: "https://reports.example.org/imports/2026-11-24/part-0042.html",
} as const;

/** Finishes a task. */
export function finish(registry: Registry, id: string, client = CLIENT): void {
  report(registry, id, { type: "finish", result: RESULT }, client);
}

/** Creates a number of ended tasks. */
export function addEnded(registry: Registry, count: number): void {
  for (let index = 0; index < count; index++) {
    const id = `ended-${String(index).padStart(6, "0")}`;
    begin(registry, id);
    finish(registry, id);
  }
}

/** Returns the n-th update; no two updates are equal. */
export function updateOf(step: number): UpdateChange & TaskUpdate {
  const current = 1_000 + step;
  return { type: "update", current, total: 9_000_000, unit: "rows", status: `Imported ${current} rows` };
}
