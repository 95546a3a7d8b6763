/** Tests programs in Node whose server is killed, restarted and disconnected. */

import type { Task } from "../../../../lib/task/task.ts";
import { assertEquals, assertGreater } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { JobFolder } from "../../../support/job_folder.ts";
import { installPackage, runtimes } from "../../../support/npm_package.ts";
import { type Ended, type Process, spawn } from "../../../support/program.ts";
import { RemotePlace } from "../../../support/remote_place.ts";
import { logOf } from "../../../support/remote_task.ts";
import { startServer } from "../../../support/server.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { until } from "../../../support/until.ts";

/**
 * The last statement of the monitored function, by the way in which the program ends. The program does not
 * catch errors.
 */
const ENDS = {
  result: "return { lines };",
  error: 'throw new RangeError("as it was told");',
  exit: "process.exit(4);",
} as const;

/**
 * The expected end of the program, the same as without a reporter: its exit status and the last line of its
 * output.
 */
const OUTCOMES = { result: [0, "result"], error: [1, "begins"], exit: [4, "begins"] } as const;

/** The last state of the task, if the server can be reached. */
const STATES = { result: "FINISHED", error: "ERROR", exit: "PROCESSING" } as const;

/** Starts a program that works until the file `enough` exists. */
async function start(
  command: string,
  folder: JobFolder,
  { end, server }: { readonly end: keyof typeof ENDS; readonly server: string },
): Promise<Process> {
  folder.write(
    "job.mjs",
    `import { existsSync } from "node:fs";
import { monitored } from "taskscope";
const work = monitored(async (task) => {
  const part = task.child("part");
  let lines = 0;
  while (!existsSync("enough")) {
    task.log("line " + lines++);
    part.update({ current: lines });
    await task.update({ progress: Math.min(90, lines / 10), current: lines, status: "at " + lines });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  part.finish("part done");
  ${ENDS[end]}
}, { name: "work", id: "work" });
console.log("begins");
const result = await work();
console.log("result", Object.keys(result).join());
`,
  );
  await installPackage(folder.path);
  return spawn(command, ["job.mjs"], { cwd: folder.path, env: { TASKSCOPE_SERVER: server } });
}

/** What the server does, or what happens to it, while a program runs. */
const FATES = [
  "stays",
  "is killed",
  "is killed and comes back",
  "is cut off for a moment",
  "is gone",
  "says nothing",
] as const;

/** Runs a program, and returns how it ends and what it writes, without the warning that no server answers. */
async function outcomeOf(
  command: string,
  end: keyof typeof ENDS,
  fate: typeof FATES[number],
): Promise<Ended> {
  await using place = new RemotePlace();
  if (fate === "is gone") place.proxy.refuse();
  else await place.start();
  await using job = await start(command, place.folder, { end, server: place.proxy.url });
  await job.output(/begins/);
  if (fate === "is gone") await job.output(/No server answers/, "stderr");
  else await place.task((task) => current(task) > 10);
  if (fate.startsWith("is killed")) await place.kill();
  if (fate.endsWith("comes back")) {
    await place.start();
    const back = await place.task(({ active }) => active);
    await place.task((task) => current(task) > current(back));
  }
  if (fate === "is cut off for a moment") place.proxy.refuse();
  if (fate === "says nothing") place.proxy.blackhole();
  place.folder.write("enough", "");
  if (fate === "is cut off for a moment") {
    // Without a connection, the result is returned at once, but the exit waits for the server.
    if (end === "result") await job.output(/result/);
    await place.proxy.restore();
  }
  const { code, stdout, stderr } = await job.ended();
  // After an uncaught error or `process.exit()`, there is no time to reconnect.
  const arrives = fate === "stays" || fate.endsWith("comes back") ||
    (fate.endsWith("moment") && end === "result");
  if (arrives) await place.task((task) => task.state === STATES[end]);
  const said = stderr.replace(/^\[taskscope\] No server answers.*\n/m, "")
    // The stack frames of Node's own code depend on the timing.
    .replace(/^ +at .*\b(node|native):.*\n/gm, "").replaceAll(place.folder.path, "");
  return { code, stdout, stderr: said };
}

function current(task: Task): number {
  return task.current ?? 0;
}

for (const { name, command } of await runtimes(true)) {
  Deno.test(`${name}: no report is lost when the server is killed, or the connection is cut`, async () => {
    await using place = new RemotePlace();
    await place.start();
    await using job = await start(command, place.folder, { end: "result", server: place.proxy.url });
    const first = await place.task((task) => current(task) >= 20);
    await place.kill();
    await place.start();
    const back = await place.task((task) => task.active && current(task) > current(first) + 20);
    assertEquals([back.state, back.error], ["PROCESSING", null]);
    place.proxy.cut();
    await place.task((task) => current(task) > current(back) + 20);
    place.proxy.refuse();
    await place.task(({ stale, active }) => stale || active);
    await place.proxy.restore();
    const last = await place.task((task) => current(task) > current(back) + 60);
    assertGreater(last.version, back.version);

    place.folder.write("enough", "");
    const { code, stdout, stderr } = await job.ended();
    assertEquals([code, stdout, stderr], [0, "begins\nresult lines\n", ""]);
    // The end of the task is committed before the program gets its result.
    const { json } = await call("GET", `${place.url}/tasks/default`);
    const tasks = Object.values(json.all_tasks) as Task[];
    const work = tasks.find(({ id }) => id === "work")!;
    const { lines } = work.result as { readonly lines: number };
    assertEquals([work.state, work.progress, work.log_count], ["FINISHED", 100, lines]);
    const log = await logOf(place.url, { client: "default", id: "work" });
    assertEquals(log, Array.from({ length: lines }, (_, n) => `line ${n}`));
    const part = tasks.find(({ name }) => name === "part");
    assertEquals([part?.state, part?.result, part?.parent_id], ["FINISHED", "part done", "work"]);
  });

  for (const end of ["result", "error", "exit"] as const) {
    Deno.test(`${name}: a program ends in the same way (${end}), whatever happens to its server`, async () => {
      const outcomes = await Promise.all(
        FATES.map(async (fate) => [fate, await outcomeOf(command, end, fate)] as const),
      );
      const [[, wanted]] = outcomes as [typeof outcomes[number]];
      for (const [fate, outcome] of outcomes) assertEquals(outcome, wanted, fate);
      const [code, last] = OUTCOMES[end];
      assertEquals([wanted.code, wanted.stdout.trimEnd().split("\n").at(-1)!.split(" ")[0]], [code, last]);
    });
  }

  Deno.test(`${name}: a task that ends while the connection is lost is reported before the program exits`, async () => {
    await using server = startServer();
    await using proxy = new TcpProxy(server.port);
    using folder = new JobFolder();
    await installPackage(folder.path);
    folder.write(
      "job.mjs",
      `import { existsSync } from "node:fs";
      import { monitored } from "taskscope";
      await monitored(async () => {
        while (!existsSync("enough")) await new Promise((resolve) => setTimeout(resolve, 100));
      }, { id: "work" })();
      console.log("ended");`,
    );
    await using job = spawn(command, ["job.mjs"], { cwd: folder.path, env: { TASKSCOPE_SERVER: proxy.url } });
    const state = () => server.monitor.registry.task("default", "work")?.state;
    await until(() => state() === "STARTING");
    proxy.refuse();
    folder.write("enough", "");
    await job.output(/ended/);
    assertEquals(state(), "STARTING");
    await proxy.restore();
    assertEquals((await job.ended()).code, 0);
    assertEquals(state(), "FINISHED");
  });

  Deno.test(`${name}: a program exits although its server acknowledges nothing`, async () => {
    await using server = new HeldServer();
    server.store.hold();
    using folder = new JobFolder();
    folder.write("enough", "");
    await using job = await start(command, folder, { end: "result", server: server.url });
    const { code, stdout } = await job.ended();
    assertEquals([code, stdout], [0, "begins\nresult lines\n"]);
    assertEquals(server.test.registry.task("default", "work")?.state, "FINISHED");
  });
}
