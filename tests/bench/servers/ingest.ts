/**
 * Receives updates from a worker, over a monitor's channel and as bare messages.
 *
 * @module
 */

import type { Registry } from "../../../lib/registry/registry.ts";
import { CLIENT, type IngestOrder } from "../support/records.ts";

const WORKER = new URL("./ingest_worker.ts", import.meta.url);

let worker: Worker | undefined;
let runs = 0;

/**
 * Takes updates that go through the monitor's channel, none of them merged.
 *
 * @param registry where they arrive
 * @param count how many
 * @returns milliseconds, and how many changes the task has seen
 */
export async function ingestOurs(
  registry: Registry,
  count: number,
): Promise<{ readonly elapsedMs: number; readonly received: number }> {
  const id = `ingested-${++runs}`;
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    const unsubscribe = registry.subscribe(({ stored }) => {
      if (stored?.task.id !== id || stored.task.state !== "FINISHED") return;
      unsubscribe();
      resolve();
    });
    order({ way: "ours", id, count });
  });
  const elapsedMs = performance.now() - startMs;
  // Beside the updates: created, started, finished.
  return { elapsedMs, received: (registry.task(CLIENT, id)?.version ?? 0) - 3 };
}

/**
 * Takes the same updates as messages of the worker, one by one.
 *
 * @param count how many
 * @returns milliseconds, and how many came
 */
export async function ingestBare(
  count: number,
): Promise<{ readonly elapsedMs: number; readonly received: number }> {
  const startMs = performance.now();
  let received = 0;
  await new Promise<void>((resolve) => {
    order({ way: "bare", id: `bare-${++runs}`, count }).onmessage = ({ data }) => {
      const { change } = JSON.parse(data);
      if (change.type === "update") received++;
      else resolve();
    };
  });
  return { elapsedMs: performance.now() - startMs, received };
}

function order(order: IngestOrder): Worker {
  worker ??= new Worker(WORKER, { type: "module" });
  worker.postMessage(order);
  return worker;
}
