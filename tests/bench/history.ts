/**
 * Checks that ten times as many stored tasks do not slow down reading or watching one task.
 *
 * @module
 */

import { framesPerSecond } from "./fan_out.ts";
import { alternate, type Figure, type Pairs, verify } from "./support/harness.ts";
import { requestsPerSecond } from "./support/http_load.ts";
import { startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import type { Remote } from "./support/remote.ts";
import { deltaPath, Watchers } from "./support/watchers.ts";

const WATCHERS = 100;
const FRAMES = 20_000;
const TARGET = { of: "ratio", atLeast: 0.85 } as const;

/** Compares monitors with 10,000 and with 1,000 ended tasks, and with 100,000 and with 10,000. */
export async function benchHistory(): Promise<Figure[]> {
  return [...await compare(1_000, 10_000), ...await compare(10_000, 100_000)];
}

async function compare(few: number, many: number): Promise<Figure[]> {
  await using withMany = await monitorWith(many);
  await using withFew = await monitorWith(few);
  const path = `/tasks/${CLIENT}/task`;
  const reading = await alternate(
    () => requestsPerSecond(withMany.port, path),
    () => requestsPerSecond(withFew.port, path),
  );
  using ofMany = await Watchers.open(withMany.port, await deltaPath(withMany), WATCHERS);
  using ofFew = await Watchers.open(withFew.port, await deltaPath(withFew), WATCHERS);
  const watching = await alternate(
    () => framesPerSecond(withMany, ofMany, FRAMES),
    () => framesPerSecond(withFew, ofFew, FRAMES),
  );
  const versus = `${many.toLocaleString("en")} ended vs ${few.toLocaleString("en")}`;
  return [
    figure(`GET one task, ${versus}`, "requests/s", reading),
    figure(`fan-out, ${versus}`, "frames/s", watching),
  ];
}

async function monitorWith(ended: number): Promise<Remote> {
  const limits = { frameIntervalMs: 0, endedTasksPerClient: ended, endedTasks: ended };
  const remote = await startMonitor({ limits });
  await remote.call("begin", ["task"]);
  await remote.call("addEnded", ended);
  verify("tasks", ended + 1, await remote.call("count"));
  return remote;
}

function figure(name: string, unit: string, pairs: Pairs): Figure {
  return { name, unit, ...pairs, target: TARGET };
}
