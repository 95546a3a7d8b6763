/**
 * Receives updates from a worker, over the monitor's channel or as bare messages.
 *
 * @module
 */

import type { Registry } from "../../../lib/registry/registry.ts";
import { CLIENT, type IngestOrder } from "../support/records.ts";

const WORKER = new URL("./ingest_worker.ts", import.meta.url);

let worker: Worker | undefined;
let runs = 0;

/**
 * Makes a worker report updates over the monitor's channel, and waits until the registry has applied all of them.
 *
 * @param registry the registry that receives the updates
 * @param count the number of updates
 * @returns the elapsed time, in milliseconds, and the number of updates that the registry applied
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
  // Three changes are no updates: the creation, the start and the end.
  return { elapsedMs, received: (registry.task(CLIENT, id)?.version ?? 0) - 3 };
}

/**
 * Makes a worker send the same updates, each as a bare message, and waits until all have arrived.
 *
 * @param count the number of updates
 * @returns the elapsed time, in milliseconds, and the number of updates received
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
