import type { ProcessSample, ProcessStat } from "../../../../lib/cli/run/process_sample.ts";
import { type Usage, UsageMeter } from "../../../../lib/cli/run/usage_meter.ts";
import { assertEquals } from "../../../support/assert.ts";

/**
 * A process: its pid, its parent's pid, its start, its own CPU time, the CPU time of its reaped children, all
 * three in ticks, and its memory in pages.
 */
type Row = readonly [number, number, number, number, number, number];

const INIT: Row = [1, 0, 0, 9_000, 9_000, 1_000];

function sample(at: number, rows: readonly Row[], pageSize: number | null = 4_096): ProcessSample {
  const processes = [INIT, ...rows].map(([pid, parent, start, ownTicks, reapedTicks, pages]): ProcessStat => {
    return { pid, parent, start, ownTicks, reapedTicks, pages };
  });
  return { at, pageSize, processes };
}

/** Returns the resource usage of process 5, which started at second 10, at each second from 11 on. */
function usages(samples: readonly (readonly Row[])[], marked: readonly number[] = []): (Usage | null)[] {
  const meter = new UsageMeter(5);
  return samples.map((rows, index) => meter.measure(sample(1_100 + 100 * index, rows), new Set(marked)));
}

function cpu(samples: readonly (readonly Row[])[], marked: readonly number[] = []): (number | undefined)[] {
  return usages(samples, marked).map((usage) => usage?.cpu_percent);
}

Deno.test("UsageMeter sums CPU and memory over the descendants of the process", () => {
  const other: Row = [90, 1, 1_001, 5_000, 0, 5_000];
  const earlier: Row = [91, 6, 3, 5_000, 0, 5_000];
  assertEquals(
    usages([
      [[5, 1, 1_000, 10, 0, 100], [6, 5, 1_010, 40, 0, 200], other, earlier],
      [[5, 1, 1_000, 15, 0, 100], [6, 5, 1_010, 140, 0, 250], [7, 6, 1_150, 50, 5, 50], other, earlier],
      [other, earlier],
    ]),
    [{ cpu_percent: 50, memory_bytes: 300 * 4_096 }, { cpu_percent: 160, memory_bytes: 400 * 4_096 }, null],
  );
});

Deno.test("UsageMeter counts the CPU time of processes that exit between two samples once", () => {
  const child: Row = [6, 5, 1_010, 40, 0, 10];
  const grandchild: Row = [7, 6, 1_010, 30, 0, 10];
  // Process 5 reaps a child, which was last seen with 40 ticks and has used 25 more.
  assertEquals(cpu([[[5, 1, 1_000, 0, 0, 1], child], [[5, 1, 1_000, 0, 65, 1]]]), [40, 25]);
  // The child reaps the grandchild, then process 5 reaps the child with the time of both.
  assertEquals(cpu([[[5, 1, 1_000, 0, 0, 1], child, grandchild], [[5, 1, 1_000, 1, 80, 1]]]), [70, 11]);
  // Process 5 does not reap the child.
  assertEquals(cpu([[[5, 1, 1_000, 0, 0, 1], child], [[5, 1, 1_000, 9, 0, 1]]]), [40, 9]);
  // Process 5 reaps a child that was in no sample.
  assertEquals(cpu([[[5, 1, 1_000, 0, 0, 1]], [[5, 1, 1_000, 0, 33, 1]]]), [0, 33]);
});

Deno.test("UsageMeter includes orphans that were descendants before, or have the mark", () => {
  const root: Row = [5, 1, 1_000, 0, 0, 1];
  const orphan: Row = [6, 1, 1_010, 10, 0, 10];
  assertEquals(cpu([[root, [6, 5, 1_010, 0, 0, 10]], [root, orphan]]), [0, 10]);
  assertEquals(cpu([[root, orphan]], [6]), [10]);
  assertEquals(cpu([[root, orphan]]), [0]);
  // A process with the same pid but another start is a different process.
  assertEquals(cpu([[root, [6, 5, 1_010, 0, 0, 10]], [root, [6, 1, 1_120, 10, 0, 10]]]), [0, 0]);
  assertEquals(cpu([[root], [[5, 1, 1_120, 10, 0, 10]]]), [0, undefined]);
});

Deno.test("UsageMeter reads the environment of a possible orphan only once", () => {
  const meter = new UsageMeter(5);
  const strangers = (at: number, rows: readonly Row[]) => {
    const taken = sample(at, rows);
    const pids = meter.strangers(taken, ({ pid }) => pid === 80);
    meter.measure(taken, new Set());
    return pids;
  };
  const rows: Row[] = [[5, 1, 1_000, 0, 0, 1], [6, 5, 1_010, 0, 0, 1], [70, 1, 999, 0, 0, 1]];
  assertEquals(strangers(1_100, [...rows, [71, 1, 1_000, 0, 0, 1], [80, 1, 1_020, 0, 0, 1]]), [71]);
  assertEquals(strangers(1_200, [...rows, [71, 1, 1_000, 0, 0, 1], [72, 71, 1_150, 0, 0, 1]]), [72]);
  assertEquals(strangers(1_300, [[71, 1, 1_000, 0, 0, 1], [73, 1, 1_250, 0, 0, 1]]), []);
});

Deno.test("UsageMeter omits unknown values", () => {
  const root: Row = [5, 1, 1_000, 10, 0, 7];
  assertEquals(new UsageMeter(5).measure(sample(1_000, [root]), new Set()), { memory_bytes: 7 * 4_096 });
  assertEquals(new UsageMeter(5).measure(sample(1_100, [root], null), new Set()), { cpu_percent: 10 });
  assertEquals(new UsageMeter(6).measure(sample(1_100, [root]), new Set()), null);
});
