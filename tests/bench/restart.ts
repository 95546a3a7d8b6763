/**
 * Measures the time from the start of the program after a crash until it is ready.
 *
 * @module
 */

import { freePort } from "../support/free_port.ts";
import { spawnProgram } from "../support/program.ts";
import { firstAnswer } from "./support/first_answer.ts";
import { alternate, type Figure, verify } from "./support/harness.ts";
import { clientName, fillFile, MANY } from "./support/monitors.ts";
import { TempFolder } from "./support/temp_folder.ts";

/**
 * Compares the time to start with a file of 100,000 tasks, of which 1,000 are unfinished, with the time to
 * start with an empty file.
 */
export async function benchRestart(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await fillFile(folder.file("full.db"), MANY);
  await fillFile(folder.file("empty.db"), { clients: 0, endedPerClient: 0, livePerClient: 0 });
  const pairs = await alternate(
    () => restart(folder, "full.db", MANY.endedPerClient + MANY.livePerClient),
    () => restart(folder, "empty.db", 0),
  );
  return [{
    name: "restart with 100,000 tasks vs none",
    unit: "ms",
    ...pairs,
    target: { of: "ours", atMost: 1_000 },
  }];
}

/** Starts the program with a copy of a database; returns the time until it is ready, in milliseconds. */
async function restart(folder: TempFolder, name: string, tasks: number): Promise<number> {
  const data = await folder.copyDatabase(name, "copy.db");
  const port = freePort();
  const startMs = performance.now();
  await using _ = await spawnProgram(["--port", String(port), "--data", data]);
  await firstAnswer(`http://127.0.0.1:${port}/readyz`);
  const elapsedMs = performance.now() - startMs;
  const { total } = await (await fetch(`http://127.0.0.1:${port}/tasks/${clientName(0)}?limit=1`)).json();
  verify("tasks of one client", tasks, total);
  return elapsedMs;
}
