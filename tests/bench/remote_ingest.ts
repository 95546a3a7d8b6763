/**
 * Benchmarks reports from another process over one WebSocket, against a bare WebSocket that echoes the same messages.
 *
 * @module
 */

import { createChange } from "../support/changes.ts";
import { alternate, type Figure, verify } from "./support/harness.ts";
import { type MonitorSettings, startMonitor } from "./support/monitors.ts";
import { CLIENT, updateOf } from "./support/records.ts";
import { Remote } from "./support/remote.ts";
import { type ReadyBatch, ReportStream, ReportWriter } from "./support/report_stream.ts";
import { TempFolder } from "./support/temp_folder.ts";

const CHANGES = 100_000;
const TASKS: readonly string[] = Array.from({ length: 100 }, (_, index) => `task-${index}`);

/** Measures a monitor with its tasks in memory, and one with its tasks in a file. */
export async function benchRemoteIngest(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  return [
    await compare("reports over one socket, in memory", {}),
    await compare("reports over one socket, in a file", { data: folder.file("ours.db") }),
  ];
}

async function compare(name: string, settings: MonitorSettings): Promise<Figure> {
  await using monitor = await startMonitor(settings);
  await using echo = await Remote.start("bare_echo.ts");
  const address = `ws://127.0.0.1:${monitor.port}/ws/report?reporter=bench-reporter`;
  using ours = await ReportStream.open(address, (message, sent) => {
    const { type, batch } = JSON.parse(message);
    verify("kind of reply", "taken", type);
    return sent.filter(({ number }) => number <= batch).length;
  });
  using bare = await ReportStream.open(`ws://127.0.0.1:${echo.port}`, (message, [first]) => {
    verify("characters sent back", first?.text.length, message.length);
    return 1;
  });
  const writer = new ReportWriter();
  for (const id of TASKS) writer.add(id, createChange());
  await ours.send(writer.take());

  let step = 0;
  let batches: ReadyBatch[] = [];
  const pairs = await alternate(
    async () => {
      for (let index = 0; index < CHANGES; index++) {
        writer.add(TASKS[index % TASKS.length]!, updateOf(++step));
      }
      batches = writer.take();
      const before = await versionsOf(monitor.port);
      const rate = await changesPerSecond(ours, batches);
      // The versions may have grown by more, because a stalled task changes without a report.
      verify("whether each change was made", true, await versionsOf(monitor.port) - before >= CHANGES);
      return rate;
    },
    () => changesPerSecond(bare, batches),
  );
  return { name, unit: "changes/s", ...pairs, target: { of: "ours", atLeast: 50_000 } };
}

async function changesPerSecond(stream: ReportStream, batches: readonly ReadyBatch[]): Promise<number> {
  const startMs = performance.now();
  await stream.send(batches);
  return CHANGES / ((performance.now() - startMs) / 1000);
}

/** Returns the sum of the versions of all tasks, each of which counts the changes of its task. */
async function versionsOf(port: number): Promise<number> {
  const { all_tasks } = await (await fetch(`http://127.0.0.1:${port}/tasks/${CLIENT}`)).json();
  const tasks = Object.values(all_tasks) as { readonly version: number }[];
  return tasks.reduce((sum, { version }) => sum + version, 0);
}
