/**
 * Benchmarks changes that are committed to disk, against a bare database that stores the same rows.
 *
 * @module
 */

import type { Durability } from "../../lib/mod.ts";
import type { DurableOrder, DurableRun } from "./servers/durable.ts";
import { alternate, type Figure, PAIRS, percentile, type Target, verify } from "./support/harness.ts";
import { countRows, startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";

const CHANGES = 100_000;
const TASKS: readonly string[] = Array.from({ length: 1_000 }, (_, index) => `task-${index}`);
const LATENCIES_PER_ROUND = { count: 100, intervalMs: 10 };

/** Measures both durability levels: many changes that are not coalesced, and the latency of single ones. */
export async function benchDurable(): Promise<Figure[]> {
  return [
    ...await compare("normal", { of: "ours", atLeast: 20_000 }),
    ...await compare("full", null),
  ];
}

async function compare(durability: Durability, target: Target | null): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  const data = folder.file("ours.db");
  await using ours = await startMonitor({ data, durability });
  await ours.call("begin", TASKS);
  const response = await fetch(`http://127.0.0.1:${ours.port}/tasks/${CLIENT}/${TASKS[0]}`);
  const record = await response.text();
  await using bare = await Remote.start("bare_sqlite.ts", [folder.file("bare.db"), durability, record]);

  let perCommit = CHANGES;
  const pairs = await alternate(
    async () => {
      const order: DurableOrder = { tasks: TASKS, changes: CHANGES };
      const before = countRows(data, "history");
      const { elapsedMs, commits } = await ours.call<DurableRun>("changeDurably", order);
      verify("rows of history", CHANGES, countRows(data, "history") - before);
      perCommit = Math.ceil(CHANGES / commits);
      return CHANGES / (elapsedMs / 1000);
    },
    async () => {
      const order = { tasks: TASKS.length, changes: CHANGES, perCommit };
      return CHANGES / (await bare.call<number>("write", order) / 1000);
    },
  );
  const latencies = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < PAIRS; index++) {
    latencies.ours.push(...await ours.call<number[]>("commitLatencies", LATENCIES_PER_ROUND));
    latencies.bare.push(...await bare.call<number[]>("latencies", LATENCIES_PER_ROUND));
  }
  return [
    { name: `durable changes, ${durability}`, unit: "changes/s", ...pairs, target },
    ...[50, 99].map((percent) => latencyFigure(durability, percent, latencies)),
  ];
}

function latencyFigure(
  durability: Durability,
  percent: number,
  latencies: { readonly ours: readonly number[]; readonly bare: readonly number[] },
): Figure {
  const ours = percentile(latencies.ours, percent);
  const bare = percentile(latencies.bare, percent);
  const name = `one durable change p${percent}, ${durability}`;
  return { name, unit: "ms", ours, bare, ratio: ours / bare, target: null };
}
