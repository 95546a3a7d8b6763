/**
 * Benchmarks updates of a task in a worker that are not coalesced, against bare messages of a worker.
 *
 * @module
 */

import { alternate, type Figure, verify } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import type { Remote } from "./support/remote.ts";

const UPDATES = 100_000;

/** Measures how many updates per second a worker sends over the channel into the registry. */
export async function benchIngest(): Promise<Figure[]> {
  await using remote = await startMonitor();
  const pairs = await alternate(
    () => updatesPerSecond(remote, "ingestOurs"),
    () => updatesPerSecond(remote, "ingestBare"),
  );
  return [{ name: "updates from a worker, unmerged", unit: "updates/s", ...pairs, target: null }];
}

async function updatesPerSecond(remote: Remote, command: string): Promise<number> {
  const { elapsedMs, received } = await remote.call<{ elapsedMs: number; received: number }>(
    command,
    UPDATES,
  );
  verify("updates", UPDATES, received);
  return UPDATES / (elapsedMs / 1000);
}
