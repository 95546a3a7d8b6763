/**
 * Measures the latency from `update()` to a watcher in another process, against a bare WebSocket.
 *
 * @module
 */

import { clock } from "./support/clock.ts";
import { type Figure, PAIRS, percentile, type Target, verify } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";
import { deltaPath } from "./support/watchers.ts";

const UPDATES_PER_ROUND = 16;
const INTERVAL_MS = 100;
const TARGET = { of: "ours", atMost: 10 } as const;
const BUSY = { count: 1_000, hertz: 10 };
/** The length of a message of the bare server, in characters: about that of a delta message with one task. */
const BARE_LENGTH = 900;

/** The command that updates a task, creates tasks or ends tasks at a fixed rate. */
type Change = "tick" | "tickBegin" | "tickEnd";

/** Measures an idle server, and a server with 1,000 other tasks of the same client that update ten times a second each. */
export async function benchLatency(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await using bare = await Remote.start("bare_sockets.ts");
  using bareWatching = await Watching.open(bare.port, "/");
  return [
    ...await inMemory(bare, bareWatching),
    ...await onDisk(folder.file("tasks.db"), bare, bareWatching),
  ];
}

async function inMemory(bare: Remote, bareWatching: Watching): Promise<Figure[]> {
  await using ours = await startMonitor();
  using oursWatching = await Watching.open(ours.port, await deltaPath(ours));
  const idle = await compare(ours, oursWatching, bare, bareWatching);
  await ours.call("beBusy", BUSY);
  const busy = await compare(ours, oursWatching, bare, bareWatching);
  return [
    figure("latency p50, idle", 50, idle, null),
    figure("latency p99, idle", 99, idle, TARGET),
    figure("latency p50, 1,000 busy tasks beside", 50, busy, null),
    figure("latency p99, 1,000 busy tasks beside", 99, busy, null),
  ];
}

/** Measures a store on disk, with which progress is published immediately, but creations and ends after their commit. */
async function onDisk(data: string, bare: Remote, bareWatching: Watching): Promise<Figure[]> {
  await using ours = await startMonitor({ data });
  using oursWatching = await Watching.open(ours.port, await deltaPath(ours));
  const idle = await compare(ours, oursWatching, bare, bareWatching);
  const begun = await compare(ours, oursWatching, bare, bareWatching, "tickBegin");
  const ended = await compare(ours, oursWatching, bare, bareWatching, "tickEnd");
  await ours.call("beBusy", BUSY);
  const busy = await compare(ours, oursWatching, bare, bareWatching);
  return [
    figure("latency p50, idle, SQLite", 50, idle, null),
    figure("latency p99, idle, SQLite", 99, idle, TARGET),
    figure("latency p50 of a new task, SQLite", 50, begun, null),
    figure("latency p99 of a new task, SQLite", 99, begun, null),
    figure("latency p50 of an end, SQLite", 50, ended, null),
    figure("latency p99 of an end, SQLite", 99, ended, null),
    figure("latency p50, 1,000 busy tasks beside, SQLite", 50, busy, null),
    figure("latency p99, 1,000 busy tasks beside, SQLite", 99, busy, null),
  ];
}

interface Samples {
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

async function compare(
  ours: Remote,
  oursWatching: Watching,
  bare: Remote,
  bareWatching: Watching,
  change: Change = "tick",
): Promise<Samples> {
  const samples = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < PAIRS; index++) {
    samples.ours.push(...await latencies(ours, oursWatching, change));
    samples.bare.push(...await latencies(bare, bareWatching, "tick"));
  }
  return samples;
}

async function latencies(remote: Remote, watching: Watching, change: Change): Promise<readonly number[]> {
  watching.samples.length = 0;
  await remote.call(change, { count: UPDATES_PER_ROUND, intervalMs: INTERVAL_MS, length: BARE_LENGTH });
  await watching.received(UPDATES_PER_ROUND);
  verify("updates seen", UPDATES_PER_ROUND, watching.samples.length);
  return [...watching.samples];
}

function figure(name: string, percent: number, samples: Samples, target: Target | null): Figure {
  const ours = percentile(samples.ours, percent);
  const bare = percentile(samples.bare, percent);
  return { name, unit: "ms", ours, bare, ratio: ours / bare, target };
}

/** A watcher that records the age of each update on arrival. */
class Watching implements Disposable {
  readonly samples: number[] = [];
  readonly #socket: WebSocket;
  #newestMs = -Infinity;
  #onSample: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const nowMs = clock();
      // A search for the status is used, because the time to parse thousands of records would be a part of the figure.
      // A frame that was sent for another reason repeats the time of the last update.
      const sentMs = Array.from(data.matchAll(/"status":"at ([\d.]+)"/g), ([, text]) => Number(text));
      const newestMs = Math.max(...sentMs);
      if (newestMs <= this.#newestMs) return;
      this.#newestMs = newestMs;
      this.samples.push(nowMs - newestMs);
      this.#onSample();
    };
  }

  static async open(port: number, path: string): Promise<Watching> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    const watching = new Watching(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return watching;
  }

  /** Waits until a number of updates have been received. */
  async received(count: number): Promise<void> {
    while (this.samples.length < count) await new Promise<void>((resolve) => this.#onSample = resolve);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
