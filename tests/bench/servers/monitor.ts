/**
 * A server with a monitor, and the commands that benchmarks run in it.
 *
 * @module
 */

import { type MonitoredTask, openMonitor } from "../../../lib/mod.ts";
import { formatCursor } from "../../../lib/task/cursor.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { LoopWitness } from "../../support/loop_witness.ts";
import { clock, tick } from "../support/clock.ts";
import { Driver } from "../support/driver.ts";
import type { MonitorSettings, Population } from "../support/monitors.ts";
import { addEnded, begin, CLIENT, finish, report, updateOf } from "../support/records.ts";
import { serveCommands } from "../support/remote.ts";
import { changeDurably, commitLatencies, type DurableOrder } from "./durable.ts";
import { ingestBare, ingestOurs } from "./ingest.ts";
import { populate } from "./populate.ts";

/** The duration of runs of a function that does nothing. */
export interface EmptyRuns {
  /** The duration of all runs together, in milliseconds. */
  readonly elapsedMs: number;
  /** The duration of each run, in milliseconds. */
  readonly latencies: readonly number[];
}

const settings: MonitorSettings = JSON.parse(Deno.args[0] ?? "{}");
const monitor = await openMonitor({ channel: "bench", ...settings });
// Commands that need a frame for each change report to the registry directly, because `monitored()` coalesces updates.
const registry = monitor.registry as Registry;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, monitor.fetch);

const driver = new Driver();
let steps = 0;

serveCommands({
  begin: (ids: readonly string[]) => ids.forEach((id) => begin(registry, id)),
  addEnded: async (count: number) => {
    addEnded(registry, count);
    await registry.committed();
  },
  fill: (population: Population) => populate(registry, population),
  count: () => registry.count(CLIENT),
  cursor: () => formatCursor(registry.cursor),
  broadcast: ({ count }: { readonly count: number }) =>
    driver.drive(count, () => report(registry, "task", updateOf(++steps))),
  delivered: () => driver.delivered(),
  update: async ({ count, isAwaited }: { readonly count: number; readonly isAwaited: boolean }) => {
    const task = await (running ??= run("updating"));
    return isAwaited ? await updateAwaited(task, count) : updateAtOnce(task, count);
  },
  memory: () => memory(),
  log,
  longestBlockade: () => (witness ??= new LoopWitness()).take(),
  tick: async ({ count, intervalMs }: { readonly count: number; readonly intervalMs: number }) => {
    const task = await (running ??= run("ticking"));
    await tick(count, intervalMs, () => void task.update({ status: `at ${clock()}` }));
  },
  tickBegin: ({ count, intervalMs }: { readonly count: number; readonly intervalMs: number }) =>
    tick(count, intervalMs, () => {
      const id = `timed-${timed.length}`;
      timed.push(id);
      // The tasks have no progress, because a task that stalls is published again, in frames that would delay others.
      begin(registry, id, CLIENT, { type: "update", status: `at ${clock()}` });
    }),
  tickEnd: ({ count, intervalMs }: { readonly count: number; readonly intervalMs: number }) =>
    tick(count, intervalMs, () => {
      const id = timed.pop()!;
      report(registry, id, { type: "update", status: `at ${clock()}` });
      finish(registry, id);
    }),
  runEmpty: ({ count, atOnce }: { readonly count: number; readonly atOnce: number }) =>
    runEmpty(count, atOnce),
  changeDurably: (order: DurableOrder) => changeDurably(registry, order),
  commitLatencies: (timing: { readonly count: number; readonly intervalMs: number }) =>
    commitLatencies(registry, "task-0", timing),
  beBusy,
  ingestOurs: (count: number) => ingestOurs(registry, count),
  ingestBare,
}, server.addr.port);

/** The ids of the tasks that `tickBegin` created, and `tickEnd` will end. */
const timed: string[] = [];
let running: Promise<MonitoredTask> | undefined;
let witness: LoopWitness | undefined;

/** Starts a task that runs as long as the process. */
function run(id: string): Promise<MonitoredTask> {
  return new Promise((resolve) => {
    const forever = monitor.monitored((task) => {
      resolve(task);
      return new Promise<void>(() => {});
    }, { client: CLIENT, id, name: "import_customer_orders" });
    forever.start();
  });
}

/** Makes updates and awaits each of them, as the documentation recommends; returns the duration in milliseconds. */
async function updateAwaited(task: MonitoredTask, count: number): Promise<number> {
  const startMs = performance.now();
  for (let current = 0; current < count; current++) {
    await task.update({ current, total: count, status: "Importing rows" });
  }
  return performance.now() - startMs;
}

/** Makes updates without awaiting any, so that the event loop does not turn; returns the duration in milliseconds. */
function updateAtOnce(task: MonitoredTask, count: number): number {
  const startMs = performance.now();
  for (let current = 0; current < count; current++) {
    void task.update({ current, total: count, status: "Importing rows" });
  }
  return performance.now() - startMs;
}

/** Runs a function that does nothing `count` times, with `atOnce` runs at the same time; returns how long that took. */
async function runEmpty(count: number, atOnce: number): Promise<EmptyRuns> {
  const startMs = performance.now();
  const empty = monitor.monitored(() => {}, { client: CLIENT, name: "import_customer_orders" });
  const latencies: number[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let index = 0; index < count / atOnce; index++) {
      const calledMs = performance.now();
      await empty();
      latencies.push(performance.now() - calledMs);
    }
  }));
  return { elapsedMs: performance.now() - startMs, latencies };
}

/** Starts a task that writes log lines at once, and further ones at a rate as long as the process runs. */
async function log(
  { id, lines, perSecond }: { readonly id: string; readonly lines: number; readonly perSecond: number },
): Promise<void> {
  begin(registry, id);
  let number = 0;
  const write = (count: number) => {
    const at = Date.now() / 1_000;
    const texts = Array.from(
      { length: count },
      () => `2026-01-01 12:00:00 INFO imported row ${number++} of orders.csv`,
    );
    registry.apply(CLIENT, id, { type: "log", lines: texts.map((text) => ({ at, text })) });
  };
  for (let written = 0; written < lines; written += 1_000) {
    write(1_000);
    await registry.committed();
  }
  setInterval(() => write(perSecond / 20), 50);
}

function memory(): { readonly heapBytes: number; readonly residentBytes: number } {
  // `gc()` exists because this process is started with `--v8-flags=--expose-gc`.
  (globalThis as unknown as { gc: () => void }).gc();
  const { heapUsed, rss } = Deno.memoryUsage();
  return { heapBytes: heapUsed, residentBytes: rss };
}

/** Starts tasks that update at a fixed rate for as long as the process runs; their updates are spread evenly over time. */
async function beBusy({ count, hertz }: { readonly count: number; readonly hertz: number }): Promise<void> {
  const intervalMs = 1000 / hertz;
  for (let index = 0; index < count; index++) {
    const task = await run(`busy-${index}`);
    let current = 0;
    const update = () => void task.update({ current: ++current, total: 1_000_000 });
    setTimeout(() => setInterval(update, intervalMs), (index / count) * intervalMs);
  }
}
