/**
 * From `update()` to the watcher in another process, beside a bare socket that is sent the same at the same times.
 *
 * @module
 */

import { clock } from "./support/clock.ts";
import { type Figure, PAIRS, percentile, type Target, verify } from "./support/harness.ts";
import { Remote } from "./support/remote.ts";
import { deltaPath } from "./support/watchers.ts";

const UPDATES_PER_ROUND = 16;
const INTERVAL_MS = 100;
const BUSY = { count: 1_000, hertz: 10 };
/** About as long as a delta of one task. */
const BARE_LENGTH = 900;

/** With nothing else to do, and with a thousand other tasks of the same client at ten updates a second each. */
export async function benchLatency(): Promise<Figure[]> {
  await using ours = await Remote.start("monitor.ts");
  await using bare = await Remote.start("bare_sockets.ts");
  using oursWatching = await Watching.open(ours.port, await deltaPath(ours));
  using bareWatching = await Watching.open(bare.port, "/");
  const idle = await compare(ours, oursWatching, bare, bareWatching);
  await ours.call("beBusy", BUSY);
  const busy = await compare(ours, oursWatching, bare, bareWatching);
  return [
    figure("latency p50, idle", 50, idle, null),
    figure("latency p99, idle", 99, idle, { of: "ours", atMost: 10 }),
    figure("latency p50, 1,000 busy tasks beside", 50, busy, null),
    figure("latency p99, 1,000 busy tasks beside", 99, busy, null),
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
): Promise<Samples> {
  const samples = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < PAIRS; index++) {
    samples.ours.push(...await latencies(ours, oursWatching));
    samples.bare.push(...await latencies(bare, bareWatching));
  }
  return samples;
}

async function latencies(remote: Remote, watching: Watching): Promise<readonly number[]> {
  watching.samples.length = 0;
  await remote.call("tick", { count: UPDATES_PER_ROUND, intervalMs: INTERVAL_MS, length: BARE_LENGTH });
  await watching.received(UPDATES_PER_ROUND);
  verify("updates seen", UPDATES_PER_ROUND, watching.samples.length);
  return [...watching.samples];
}

function figure(name: string, percent: number, samples: Samples, target: Target | null): Figure {
  const ours = percentile(samples.ours, percent);
  const bare = percentile(samples.bare, percent);
  return { name, unit: "ms", ours, bare, ratio: ours / bare, target };
}

/** A watcher that notes how old each update is when it arrives. */
class Watching implements Disposable {
  readonly samples: number[] = [];
  readonly #socket: WebSocket;
  #newest = "";
  #onSample: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const nowMs = clock();
      // Found by its words, as parsing thousands of records would be a part of the figure. Frames that
      // hold the task for another reason repeat the time of its last update.
      const sentMs = /"status":"at ([\d.]+)"/.exec(data)?.[1];
      if (sentMs === undefined || sentMs === this.#newest) return;
      this.#newest = sentMs;
      this.samples.push(nowMs - Number(sentMs));
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

  /** Waits until so many updates were seen. */
  async received(count: number): Promise<void> {
    while (this.samples.length < count) await new Promise<void>((resolve) => this.#onSample = resolve);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
