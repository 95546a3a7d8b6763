/**
 * Benchmarks changes that are committed to disk, against a bare database that stores the same rows.
 *
 * @module
 */

import type { Durability } from "../../lib/mod.ts";
import { compareCommits } from "./support/compare_commits.ts";
import { type Figure, percentile, type Target } from "./support/harness.ts";
import { countRows, startMonitor } from "./support/monitors.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";

const CHANGES = 100_000;

/**
 * Measures both durability levels: many changes that are not coalesced, and the latency of single changes.
 */
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
  const { pairs, latencies } = await compareCommits({
    ours,
    startBare: (record) => Remote.start("bare_sqlite.ts", [folder.file("bare.db"), durability, record]),
    changes: CHANGES,
    rows: () => countRows(data, "history"),
  });
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
