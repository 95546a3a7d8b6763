/** Tests of `taskscope run` in a process of its own: the CPU and memory that a command uses. */

import { listProcesses } from "../../../lib/cli/run/processes.ts";
import type { NamedSeries } from "../../../lib/task/value_book.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { Runs } from "../../support/runs.ts";
import { findTool } from "../../support/tools.ts";
import { eventually } from "../../support/until.ts";

const GOOD = { code: 0, stdout: "", stderr: "" };
/** A script that allocates 50 MB and uses CPU while a file exists. */
const BURN = `
text=$(head -c 50000000 /dev/zero | tr '\\0' a)
while [ -e go ]; do :; done
`;
/** A script that waits while a file exists: until a test removes it, or ends and removes the folder. */
const WAIT = "while [ -e go ]; do sleep 0.05; done";

/** Returns the highest value of a task's CPU, in percent, and memory, in MB; 0 if there is none. */
async function highest(
  runs: Runs,
  id: string,
): Promise<{ readonly cpu: number; readonly megabytes: number }> {
  const { json } = await call("GET", `${runs.taskUrl(id)}/values`);
  const series: readonly NamedSeries[] = json.series ?? [];
  const most = (name: string) =>
    Math.max(
      0,
      ...series.filter((one) => one.name === name).flatMap(({ points }) => points.map(([, value]) => value)),
    );
  return { cpu: most("cpu_percent"), megabytes: most("memory_bytes") / 1e6 };
}

/** Waits until memory was measured. */
async function measured(runs: Runs, id: string): Promise<void> {
  await eventually(() => highest(runs, id), ({ megabytes }) => megabytes > 0);
}

/** Returns the pids of the processes that a process has started, except one. */
async function childrenOf(pid: number, except: unknown): Promise<number[]> {
  return (await listProcesses()).filter((child) => child.parent === pid && child.pid !== except).map((
    { pid },
  ) => pid);
}

Deno.test("runCommand() reports the CPU and memory of everything that the command started", async (t) => {
  if (Deno.build.os !== "linux") return;
  const table: [string, string[]][] = [
    ["command", ["--", "sh", "burn"]],
    ["child", ["--", "sh", "-c", "sh burn & wait"]],
    ["orphan", ["--", "sh", "-c", `(sh burn &); ${WAIT}`]],
  ];
  if (await findTool(["script"], "The test of --pty") !== undefined) {
    table.push(["pty", ["--pty", ...table[1]![1]]]);
  }
  for (const [id, args] of table) {
    await t.step(id, async () => {
      await using runs = new Runs();
      runs.file("go", "");
      runs.file("burn", BURN);
      await using process = await runs.start(["--id", id, ...args]);
      await eventually(() => highest(runs, id), ({ cpu, megabytes }) => cpu > 0 && megabytes >= 30);
      await Deno.remove(`${runs.folder}/go`);
      assertEquals(await process.ended(), GOOD);
      assertGreater((await runs.task(id)).value_count, 1);
      assertEquals((await runs.task(id)).state, "FINISHED");
    });
  }
});

Deno.test("runCommand() measures nothing with --no-usage, or if sh or cat is missing", async () => {
  if (Deno.build.os !== "linux") return;
  await using runs = new Runs();
  runs.file("go", "");
  const env = await findTool(["env"], "The test without tools");
  if (env === undefined) return;
  // A folder without sh, and one with a sh that finds no cat.
  for (const folder of ["bare", "poor"]) {
    await Deno.mkdir(`${runs.folder}/${folder}`);
    await Deno.symlink("/usr/bin/env", `${runs.folder}/${folder}/env`);
  }
  await Deno.symlink("/bin/sh", `${runs.folder}/poor/sh`);
  const command = ["--", "/bin/sh", "-c", `PATH=/usr/bin:/bin; ${WAIT}`];
  await using off = await runs.start(["--id", "off", "--no-usage", ...command]);
  await using bare = await runs.start(["--id", "bare", ...command], { env: { PATH: `${runs.folder}/bare` } });
  await using poor = await runs.start(["--id", "poor", ...command], { env: { PATH: `${runs.folder}/poor` } });
  for (const id of ["off", "bare", "poor"]) await runs.shown(id);
  // Once this command, which starts last, is measured, the others would have been measured, too.
  await using on = await runs.start(["--id", "on", ...command]);
  await measured(runs, "on");
  for (const id of ["off", "bare", "poor"]) assertEquals((await runs.task(id)).value_count, 0, id);
  assertEquals(await childrenOf(off.pid, (await runs.task("off")).metadata.pid), []);
  await Deno.remove(`${runs.folder}/go`);
  for (const process of [off, bare, poor, on]) assertEquals(await process.ended(), GOOD);
});

Deno.test("runCommand() leaves no process behind that measures, even if it is killed", async (t) => {
  if (Deno.build.os !== "linux" || await findTool(["ps"], "The test of processes") === undefined) return;
  for (const how of ["cancel", "SIGKILL", "SIGTERM"] as const) {
    await t.step(how, async () => {
      await using runs = new Runs();
      runs.file("go", "");
      await using process = await runs.start(["--", "sh", "-c", WAIT]);
      await measured(runs, "t");
      const { pid } = (await runs.task()).metadata;
      const measuring = await childrenOf(process.pid, pid);
      assertEquals(measuring.length, 1);
      if (how === "cancel") await runs.cancel();
      else process.kill(how);
      const ended = await process.ended();
      if (how !== "SIGKILL") assertEquals(ended, { code: 143, stdout: "", stderr: "" });
      await eventually(() => listProcesses(), (all) => all.every(({ pid }) => pid !== measuring[0]));
    });
  }
});
