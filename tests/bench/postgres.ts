/**
 * Benchmarks changes that are committed to a PostgreSQL database, against a bare connection that stores the same rows, and
 * the start of a server with many tasks, against one with a file.
 *
 * @module
 */

import { PostgresCluster } from "../support/postgres_cluster.ts";
import { compareCommits } from "./support/compare_commits.ts";
import { alternate, type Figure, percentile } from "./support/harness.ts";
import { fillFile, MANY, startMonitor } from "./support/monitors.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";

const CHANGES = 50_000;

/**
 * Measures many changes that are not coalesced, the latency of single changes, and the start with 100,000
 * tasks.
 */
export async function benchPostgres(): Promise<Figure[]> {
  using cluster = PostgresCluster.start();
  cluster.sql("CREATE DATABASE bare", "postgres");
  return [...await benchCommits(cluster), ...await compareStarts(cluster)];
}

async function benchCommits(cluster: PostgresCluster): Promise<Figure[]> {
  await using ours = await startMonitor({ data: cluster.url });
  const { pairs, latencies } = await compareCommits({
    ours,
    startBare: (record) => Remote.start("bare_postgres.ts", [`${cluster.port}`, record]),
    changes: CHANGES,
    rows: async () => {
      const [found] = await cluster.query("SELECT count(*) AS rows FROM taskscope.history");
      return Number(found.rows);
    },
  });
  const [median, bareMedian] = [percentile(latencies.ours, 50), percentile(latencies.bare, 50)];
  return [
    {
      name: "durable changes, PostgreSQL",
      unit: "changes/s",
      ...pairs,
      target: { of: "ratio", atLeast: 0.7 },
    },
    {
      name: "one durable change p50, PostgreSQL",
      unit: "ms",
      ours: median,
      bare: bareMedian,
      ratio: median / bareMedian,
      target: { of: "ratio", atMost: 2 },
    },
  ];
}

async function compareStarts(cluster: PostgresCluster): Promise<Figure[]> {
  cluster.clear();
  await using folder = await TempFolder.make();
  const file = folder.file("tasks.db");
  await fillFile(file, MANY);
  {
    await using monitor = await startMonitor({ data: cluster.url });
    await monitor.call("fill", MANY);
  }
  const bytes = { ours: [] as number[], bare: [] as number[] };
  const start = async (data: string, into: number[]) => {
    const startMs = performance.now();
    await using monitor = await startMonitor({ data });
    const elapsedMs = performance.now() - startMs;
    into.push((await monitor.call<{ readonly residentBytes: number }>("memory")).residentBytes / 1_000_000);
    return elapsedMs;
  };
  const pairs = await alternate(() => start(cluster.url, bytes.ours), () => start(file, bytes.bare));
  const [ours, bare] = [percentile(bytes.ours, 50), percentile(bytes.bare, 50)];
  return [
    {
      name: "start with 100,000 tasks, PostgreSQL against SQLite",
      unit: "ms",
      ...pairs,
      target: { of: "ratio", atMost: 1.2 },
    },
    {
      name: "memory with 100,000 tasks, PostgreSQL against SQLite",
      unit: "MB",
      ours,
      bare,
      ratio: ours / bare,
      target: { of: "ratio", atMost: 1.2 },
    },
  ];
}
