/**
 * Benchmarks the fan-out of one changed task to many watchers, against a bare loop that sends the same bytes.
 *
 * @module
 */

import { alternate, type Figure, verify } from "./support/harness.ts";
import { type MonitorSettings, startMonitor } from "./support/monitors.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";
import { deltaPath, Watchers } from "./support/watchers.ts";

/** The number of frames per measurement, over all watchers. */
const FRAMES = 30_000;

const TARGET = { of: "ratio", atLeast: 0.8 } as const;

/** Measures 100 and 1,000 watchers of a task in memory, and 100 watchers of a task on disk. */
export async function benchFanOut(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  const hundred = await compare(100);
  const hundredOnDisk = await compare(100, { data: folder.file("tasks.db") });
  const thousand = await compare(1_000);
  return [
    { name: "fan-out to 100 watchers", unit: "frames/s", ...hundred, target: TARGET },
    { name: "fan-out to 100 watchers, SQLite", unit: "frames/s", ...hundredOnDisk, target: TARGET },
    { name: "fan-out to 1,000 watchers", unit: "frames/s", ...thousand, target: null },
  ];
}

async function compare(count: number, settings: MonitorSettings = {}) {
  await using ours = await startMonitor({ ...settings, limits: { frameIntervalMs: 0 } });
  await using bare = await Remote.start("bare_sockets.ts");
  await ours.call("begin", ["task"]);
  using oursWatching = await Watchers.open(ours.port, await deltaPath(ours), count);
  using bareWatching = await Watchers.open(bare.port, "/", count);

  const bytes = oursWatching.bytes;
  await framesPerSecond(ours, oursWatching, count);
  const length = Math.round((oursWatching.bytes - bytes) / count) - FRAME_HEADER_BYTES;
  return await alternate(
    () => framesPerSecond(ours, oursWatching, FRAMES),
    () => framesPerSecond(bare, bareWatching, FRAMES, length),
  );
}

/** The length of the header of a frame, which is four bytes for 126 to 65,535 bytes of payload (RFC 6455, section 5.2). */
const FRAME_HEADER_BYTES = 4;

/**
 * Measures how fast a process broadcasts messages to watchers.
 *
 * @param remote the process that broadcasts
 * @param watchers the watchers that receive the messages
 * @param frames the number of frames to receive, over all watchers
 * @param length the length of each message; only the bare server needs it
 * @returns the number of frames received per second
 */
export async function framesPerSecond(
  remote: Remote,
  watchers: Watchers,
  frames: number,
  length?: number,
): Promise<number> {
  const before = watchers.frames;
  let told = 0;
  watchers.onFrames = (now) => {
    // Each message is one frame for each watcher, so a message is delivered when all watchers have one more frame.
    const rounds = Math.floor((now - before) / watchers.count);
    for (; told < rounds; told++) remote.tell("delivered");
  };
  const startMs = performance.now();
  await remote.call("broadcast", { count: frames / watchers.count, length });
  const elapsedMs = performance.now() - startMs;
  verify("frames", frames, watchers.frames - before);
  return frames / (elapsedMs / 1000);
}
