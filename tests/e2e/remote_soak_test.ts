/** A load test of one server with many concurrent reporters. */

import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { ModelWatcher } from "../support/model_watcher.ts";
import { type Program, spawn, startProgram } from "../support/program.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { type ReportersOrder, reporterTask, UPDATES_PER_LINE } from "../support/reporters_process.ts";
import { until } from "../support/until.ts";

/** The number of processes, the number of reporters in each, and the duration of the test in seconds. */
const { processes, perProcess, seconds } = IS_SOAK
  ? { processes: 4, perProcess: 250, seconds: 30 }
  : { processes: 2, perProcess: 25, seconds: 3 };

const INTERVAL_MS = 100;

/** Returns the memory of the server in MiB; 0 if the platform does not report it. */
async function residentOf({ process }: Program): Promise<number> {
  if (Deno.build.os !== "linux") return 0;
  const { stdout } = await spawn("cat", [`/proc/${process.pid}/statm`]).ended();
  return Number(stdout.split(" ")[1]) * 4_096 / 2 ** 20;
}

/** Runs processes of reporters until they exit. */
async function report(url: string, first: number, processes: number, perProcess: number, updates: number) {
  const module = new URL("../support/reporters_process.ts", import.meta.url).href;
  const runs = Array.from({ length: processes }, async (_, index) => {
    const order: ReportersOrder = {
      url,
      first: first + index * perProcess,
      count: perProcess,
      updates,
      intervalMs: INTERVAL_MS,
    };
    await using process = spawn(Deno.execPath(), [
      ...["run", "--no-prompt", "--allow-net=127.0.0.1", module, JSON.stringify(order)],
    ]);
    await process.output(/all have ended/, "stdout", (seconds + 60) * 1_000);
    assertEquals((await process.ended()).stderr, "");
  });
  await Promise.all(runs);
}

Deno.test(`RemoteSink: ${processes * perProcess} reporters, ten updates a second each, for ${seconds} s: no update is lost or reordered`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-soak-" });
  try {
    const limit = ["--limit", "endedTasksPerClient=5000"];
    await using program = await startProgram(["--no-demo", "--data", `${folder}/tasks.db`, ...limit]);
    // This warm-up makes the baseline include the memory that the server needs for any number of reporters.
    await report(program.url, 1_000_000, 1, 20, 30);
    const before = await residentOf(program);
    let most = 0;
    const timer = setInterval(() => residentOf(program).then((now) => most = Math.max(most, now)), 1_000);
    const reporters = processes * perProcess;
    const updates = seconds * 1_000 / INTERVAL_MS;
    await using watcher = new ModelWatcher(program.url, "soak");
    try {
      await report(program.url, 0, processes, perProcess, updates);
    } finally {
      clearInterval(timer);
    }
    const after = await residentOf(program);

    const list = await call("GET", `${program.url}/tasks/soak`);
    assertEquals(list.json.active_tasks, []);
    const tasks: Readonly<Record<string, Task>> = list.json.all_tasks;
    for (let index = 0; index < reporters; index++) {
      const task = tasks[reporterTask(index)];
      assertEquals(
        [task?.state, task?.current, task?.result, task?.status, task?.log_count],
        ["FINISHED", updates, updates, `at ${updates}`, updates / UPDATES_PER_LINE],
        reporterTask(index),
      );
    }
    await until(() => {
      watcher.check();
      return watcher.model.cursor === list.json.cursor;
    });
    for (const [id, task] of watcher.model.tasks) assertEquals(task.version, tasks[id]?.version);
    assertGreater(watcher.frames, seconds * 2);
    assert(after < before * 4 && most < before * 5, `${before} MiB became ${most}, and then ${after}`);
    assertLess(most, 1_000);
    assertEquals(program.process.stderr, "");
    if (IS_SOAK) {
      // deno-lint-ignore no-console -- the result of a soak test
      console.log(`resident: ${[before, most, after].map((size) => size.toFixed(0)).join(" → ")} MiB`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
