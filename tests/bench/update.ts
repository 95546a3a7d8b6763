/**
 * What `update()` costs who calls it, in a loop that does nothing else.
 *
 * @module
 */

import { type Figure, median, PAIRS, verify } from "./support/harness.ts";
import { Remote } from "./support/remote.ts";
import { deltaPath, Watchers } from "./support/watchers.ts";

const UPDATES = 500_000;
const MANY_UPDATES = 5_000_000;
const MEBIBYTE = 1024 * 1024;

/** Time of a call with none, one and a hundred watchers, and what is left of many calls. */
export async function benchUpdate(): Promise<Figure[]> {
  await using remote = await Remote.start("monitor.ts");
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
  return [...figures, ...await memoryAfter(remote)];
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
