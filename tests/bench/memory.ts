/**
 * Measures the memory of the program with many tasks, most of which have ended and are only on disk, against none.
 *
 * @module
 */

import { spawnProgram } from "../support/program.ts";
import { type Figure, median, verify } from "./support/harness.ts";
import { clientName, fillFile, MANY_ENDED } from "./support/monitors.ts";
import { pause } from "./support/clock.ts";
import { LABELS } from "./support/records.ts";
import { residentBytesOf } from "./support/resident.ts";
import { TempFolder } from "./support/temp_folder.ts";

/** The number of processes to measure with and without tasks, because the memory of processes varies. */
const STARTS = 3;
const ACTIVE_PER_CLIENT = 10;
const MEGABYTE = 1_000_000;
/** The time that the program gets to become idle, in milliseconds, because it releases unused memory with a delay. */
const REST_MS = 3_000;
const TASKS = new URL("./servers/standing.ts", import.meta.url).pathname;

/** Compares the memory with 99,000 ended and 1,000 running tasks with the memory without tasks. */
export async function benchMemory(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await fillFile(folder.file("full.db"), MANY_ENDED);
  await fillFile(folder.file("empty.db"), { ...MANY_ENDED, endedPerClient: 0 });
  const full: number[] = [];
  const empty: number[] = [];
  for (let index = 0; index < STARTS; index++) {
    full.push(await residentBytes(await folder.copyDatabase("full.db", "copy.db"), ACTIVE_PER_CLIENT));
    empty.push(await residentBytes(await folder.copyDatabase("empty.db", "copy.db"), 0));
  }
  const ours = median(full) / MEGABYTE;
  const bare = median(empty) / MEGABYTE;
  const unit = "MB";
  return [
    { name: "resident, 100,000 tasks vs none", unit, ours, bare, ratio: ours / bare, target: null },
    {
      name: "resident for 100,000 tasks",
      unit,
      ours: ours - bare,
      bare: null,
      ratio: null,
      target: { of: "ours", atMost: 150 },
    },
  ];
}

/** Starts the program with a file of tasks, and measures its memory once it is idle. */
async function residentBytes(data: string, activePerClient: number): Promise<number> {
  await using process = await spawnProgram(["--port", "0", "--data", data, "--tasks", TASKS]);
  const [, url] = await process.output(/(http:\/\/\S+)\//);
  for (let index = 0; index < MANY_ENDED.clients; index++) {
    await Promise.all(Array.from({ length: activePerClient }, () => start(url!, clientName(index))));
  }
  const page = await (await fetch(`${url}/tasks/${clientName(0)}?limit=1`)).json();
  const ended = activePerClient === 0 ? 0 : MANY_ENDED.endedPerClient;
  verify("tasks of one client", ended + activePerClient, page.total);
  await pause(REST_MS);
  return await residentBytesOf(process.pid);
}

async function start(url: string, client: string): Promise<void> {
  const response = await fetch(`${url}/tasks/${client}/start/standing`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(LABELS),
  });
  verify("the status", 202, response.status);
  await response.body?.cancel();
}
