/**
 * Measures how much time and memory a program spends in `update()` and `monitored()`.
 *
 * @module
 */

import type { EmptyRuns } from "./servers/monitor.ts";
import { alternate, type Figure, median, PAIRS, percentile, verify } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import type { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";
import { deltaPath, Watchers } from "./support/watchers.ts";

const UPDATES = 500_000;
const MANY_UPDATES = 5_000_000;
const RUNS = { count: 6_400, atOnce: 64 };
const RUNS_IN_TURN = { count: 1_000, atOnce: 1 };
const MEBIBYTE = 1024 * 1024;

/** Measures the time per update with none, one and a hundred watchers, the memory for updates, and the time per run. */
export async function benchUpdate(): Promise<Figure[]> {
  await using remote = await startMonitor();
  const unit = "µs/call";
  const alone = { bare: null, ratio: null };
  const figures: Figure[] = [];
  for (const watched of [0, 1, 100]) {
    using watchers = await Watchers.open(remote.port, await deltaPath(remote), watched);
    const before = watchers.frames;
    const ours = await microseconds(remote, true);
    verify("whether frames came", watched > 0, watchers.frames > before);
    figures.push({
      name: `await update(), ${watched} watchers`,
      unit,
      ours,
      ...alone,
      target: watched === 0 ? { of: "ours", atMost: 1 } : null,
    });
  }
  const ours = await microseconds(remote, false);
  figures.push({ name: "update(), not awaited", unit, ours, ...alone, target: { of: "ours", atMost: 1 } });
  return [...figures, ...await memoryAfter(remote), ...await runs()];
}

/** Measures runs of an empty function; with tasks on disk, each run includes the commit of its end. */
async function runs(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await using onDisk = await startMonitor({ data: folder.file("tasks.db") });
  await using inMemory = await startMonitor();
  const perSecond = (remote: Remote) => async () => {
    const { elapsedMs, latencies } = await remote.call<EmptyRuns>("runEmpty", RUNS);
    verify("runs", RUNS.count, latencies.length);
    return RUNS.count / (elapsedMs / 1000);
  };
  const pairs = await alternate(perSecond(onDisk), perSecond(inMemory));
  const latencies = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < PAIRS; index++) {
    latencies.ours.push(...(await onDisk.call<EmptyRuns>("runEmpty", RUNS_IN_TURN)).latencies);
    latencies.bare.push(...(await inMemory.call<EmptyRuns>("runEmpty", RUNS_IN_TURN)).latencies);
  }
  return [
    { name: `runs of an empty function, ${RUNS.atOnce} at once, SQLite vs memory`, unit: "runs/s", ...pairs },
    ...[50, 99].map((percent) => {
      const ours = percentile(latencies.ours, percent);
      const bare = percentile(latencies.bare, percent);
      const name = `run of an empty function p${percent}, SQLite vs memory`;
      return { name, unit: "ms", ours, bare, ratio: ours / bare };
    }),
  ].map((figure) => ({ ...figure, target: null }));
}

async function microseconds(remote: Remote, isAwaited: boolean): Promise<number> {
  const elapsed: number[] = [];
  for (let index = -1; index < PAIRS; index++) {
    const elapsedMs = await remote.call<number>("update", { count: UPDATES, isAwaited });
    if (index >= 0) elapsed.push(elapsedMs * 1000 / UPDATES);
  }
  return median(elapsed);
}

interface Memory {
  readonly heapBytes: number;
  readonly residentBytes: number;
}

async function memoryAfter(remote: Remote): Promise<Figure[]> {
  const before = await remote.call<Memory>("memory");
  await remote.call("update", { count: MANY_UPDATES, isAwaited: true });
  const after = await remote.call<Memory>("memory");
  const growth = { unit: "MiB", bare: null, ratio: null };
  const times = MANY_UPDATES.toLocaleString("en");
  return [
    {
      ...growth,
      name: `heap growth by ${times} updates`,
      ours: (after.heapBytes - before.heapBytes) / MEBIBYTE,
      target: { of: "ours", atMost: 1 },
    },
    {
      ...growth,
      name: `resident growth by ${times} updates`,
      ours: (after.residentBytes - before.residentBytes) / MEBIBYTE,
      target: { of: "ours", atMost: 16 },
    },
  ];
}
