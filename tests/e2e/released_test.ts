/**
 * Tests that the reporters of every released version, as a server serves them, report to this server without
 * loss, even if it is killed or the connection is cut.
 */

import { allReleases } from "../../lib/reporters/release.ts";
import { RELEASES } from "../../lib/reporters/releases.ts";
import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertGreater } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { pip } from "../support/pip.ts";
import { type Process, spawn } from "../support/program.ts";
import { RemotePlace } from "../support/remote_place.ts";
import { logOf } from "../support/remote_task.ts";
import { eventually } from "../support/until.ts";

/** A kind of reporter, and how a program gets it from a server. */
interface Kind {
  /** The name of the file of a release that this kind needs; `{version}` stands for the version. */
  readonly file: string;
  /**
   * Starts the program of the tests: it creates a task `work` with the subtask `part`, and writes a line `step N` to its
   * output and `line N` to the log of the task for each step, until the file `enough` exists or the task is cancelled. Then
   * it writes `result N`, the number of log lines, or the message of an error; if the file `fail` exists, it fails.
   */
  readonly start: (place: RemotePlace, version: string) => Promise<Process> | Process;
}

const KINDS: Readonly<Record<string, Kind>> = {
  module: {
    file: "monitored.js",
    start: (place, version) =>
      place.run(`import { monitored } from "${place.proxy.url}/v${version}/monitored.ts";
const { stat } = Deno;
${SCRIPT}`),
  },
  tarball: {
    file: "taskscope-{version}.tgz",
    start: async (place, version) => {
      const options = { cwd: place.folder.path, env: { TASKSCOPE_SERVER: place.proxy.url } };
      place.folder.write("package.json", "{}");
      const url = `${place.proxy.url}/npm/taskscope-${version}.tgz`;
      const install = spawn("npm", ["install", ...NPM_OPTIONS, "--cache=.npm", url], options);
      const { code, stderr } = await install.ended();
      assertEquals(code, 0, stderr);
      place.folder.write(
        "job.mjs",
        `import { stat } from "node:fs/promises";
import { monitored } from "taskscope";
${SCRIPT}`,
      );
      return spawn("node", ["job.mjs"], options);
    },
  },
  file: {
    file: "taskscope.py",
    start: async (place, version) => {
      const { status, text } = await call("GET", `${place.proxy.url}/v${version}/taskscope.py`);
      assertEquals(status, 200);
      place.folder.write("taskscope.py", text);
      return startPython(place, "python3");
    },
  },
  wheel: {
    file: "taskscope-{version}-py3-none-any.whl",
    start: async (place, version) => {
      const cwd = place.folder.path;
      const links = ["--no-index", "--find-links", `${place.proxy.url}/simple/taskscope/`];
      const made = await spawn("python3", ["-m", "venv", "--without-pip", "env"], { cwd }).ended();
      assertEquals(made.code, 0, made.stderr);
      const install = ["--python", "env/bin/python", "install", ...links, `taskscope==${version}`];
      const { code, stdout, stderr } = await pip(install, { cwd });
      assertEquals(code, 0, stdout + stderr);
      return startPython(place, "env/bin/python");
    },
  },
};

/** Starts the program in Python. */
function startPython(place: RemotePlace, python: string): Process {
  place.folder.write("job.py", PYTHON_SCRIPT);
  const env = { TASKSCOPE_SERVER: place.proxy.url };
  return spawn(python, ["-W", "error", "job.py"], { cwd: place.folder.path, env });
}

const PYTHON_SCRIPT = `
import os, time, taskscope

class RangeError(Exception): pass

@taskscope.monitored(name="work", tags=["old"], metadata={"run": 1})
def work(unit, task):
    lines = 0
    with task.child("part") as part:
        while not os.path.exists("enough"):
            task.log(f"line {lines}")
            lines += 1
            part.update(50)
            task.update(min(90, lines / 10), f"at {lines}", current=lines, unit=unit)
            print(f"step {lines}", flush=True)
            time.sleep(0.02)
        part.finish("part done")
    if os.path.exists("fail"): raise RangeError("as it was told")
    return {"lines": lines}

try: print("result", work("steps")["lines"])
except (RangeError, taskscope.TaskCancelled) as error: print(error)
`;

/** The part of the program that is the same in Deno and Node. */
const SCRIPT = `
const exists = (name) => stat(name).then(() => true, () => false);
const work = monitored(async (task, unit) => {
  const part = task.child("part");
  let lines = 0;
  while (!await exists("enough")) {
    task.signal.throwIfAborted();
    task.log("line " + lines++);
    part.update({ progress: 50 });
    await task.update({ progress: Math.min(90, lines / 10), current: lines, unit, status: "at " + lines });
    console.log("step " + lines);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  part.finish("part done");
  if (await exists("fail")) throw new RangeError("as it was told");
  return { lines };
}, { name: "work", tags: ["old"], metadata: { run: 1 } });
try {
  console.log("result " + (await work("steps")).lines);
} catch (error) {
  console.log(error.message);
}
`;

/** The options with which npm sends requests only to the server of a URL. */
const NPM_OPTIONS = ["--no-audit", "--no-fund", "--no-update-notifier", "--registry=http://127.0.0.1:1"];

/** Waits until the program has done some more steps. */
async function steps(job: Process, count: number): Promise<void> {
  const done = Number([...job.stdout.matchAll(/^step (\d+)$/gm)].at(-1)?.[1] ?? 0);
  await job.output(new RegExp(`^step ${done + count}$`, "m"));
}

/** Returns a task by its name; `undefined` if there is none yet. */
async function named(place: RemotePlace, name: string): Promise<Task | undefined> {
  const { json } = await call("GET", `${place.url}/tasks/default`);
  return (Object.values(json.all_tasks) as Task[]).find((task) => task.name === name);
}

/** Waits until the task of the program satisfies a condition. */
async function workOf(place: RemotePlace, fits: (task: Task) => boolean): Promise<Task> {
  const isFitting = (task: Task | undefined) => task !== undefined && fits(task);
  return (await eventually(() => named(place, "work"), isFitting))!;
}

/** Starts a server, and the program of a kind of reporter. */
async function started(kind: Kind, version: string): Promise<{ place: RemotePlace; job: Process }> {
  const place = new RemotePlace();
  try {
    await place.start();
    return { place, job: await kind.start(place, version) };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

Deno.test("the server has the module of every version, and all kinds of reporter files of the present version", () => {
  const versionsWith = ({ file }: Kind) =>
    allReleases(RELEASES).filter(({ version, files }) =>
      Object.hasOwn(files, file.replace("{version}", version))
    )
      .map(({ version }) => version);
  assertEquals(versionsWith(KINDS.module!), allReleases(RELEASES).map(({ version }) => version));
  for (const [name, kind] of Object.entries(KINDS)) {
    assert(versionsWith(kind).includes(RELEASES.present.version), name);
  }
});

for (const { version, files } of allReleases(RELEASES)) {
  for (const [name, kind] of Object.entries(KINDS)) {
    if (!Object.hasOwn(files, kind.file.replace("{version}", version))) continue;

    Deno.test(`${name} of version ${version}: no report is lost when the server is killed, or the connection cut`, async () => {
      const { place, job } = await started(kind, version);
      await using _place = place;
      await using _job = job;
      const first = await workOf(place, ({ current }) => (current ?? 0) >= 10);
      assertEquals([first.state, first.name, first.tags, first.metadata, first.unit], [
        "PROCESSING",
        "work",
        ["old"],
        { run: 1 },
        "steps",
      ]);
      await place.kill();
      await steps(job, 20);
      await place.start();
      const back = await workOf(place, ({ active, current }) => active && current! > first.current! + 20);
      assertEquals([back.state, back.error], ["PROCESSING", null]);

      place.proxy.refuse();
      await steps(job, 20);
      await place.proxy.restore();
      await workOf(place, ({ current }) => current! > back.current! + 20);

      place.folder.write("enough", "");
      const { code, stdout, stderr } = await job.ended();
      const lines = Number(stdout.match(/^result (\d+)$/m)?.[1]);
      assertGreater(lines, 50, stdout + stderr);
      assertEquals(code, 0);
      const task = await workOf(place, ({ state }) => state === "FINISHED");
      assertEquals([task.result, task.progress, task.log_count], [{ lines }, 100, lines]);
      assertEquals(
        await logOf(place.url, { client: "default", id: task.id }),
        Array.from({ length: lines }, (_, n) => `line ${n}`),
      );
      const part = await named(place, "part");
      assertEquals([part?.state, part?.result, part?.parent_id], ["FINISHED", "part done", task.id]);
    });

    Deno.test(`${name} of version ${version}: a task is cancelled by the server`, async () => {
      const { place, job } = await started(kind, version);
      await using _place = place;
      await using _job = job;
      const { id } = await workOf(place, ({ current }) => (current ?? 0) >= 2);
      assertEquals((await call("POST", `${place.url}/tasks/default/${id}/cancel`)).status, 202);
      const { code, stdout } = await job.ended();
      assertEquals([code, /^result/m.test(stdout)], [0, false], stdout);
      const task = await workOf(place, ({ state }) => state === "CANCELLED");
      assertEquals(task.error, null);
      assertEquals((await named(place, "part"))?.active, false);
    });

    Deno.test(`${name} of version ${version}: an error of the function is an error of the task`, async () => {
      const { place, job } = await started(kind, version);
      await using _place = place;
      await using _job = job;
      await workOf(place, ({ current }) => (current ?? 0) >= 2);
      place.folder.write("fail", "");
      place.folder.write("enough", "");
      const { code, stdout } = await job.ended();
      assertEquals([code, stdout.trimEnd().split("\n").at(-1)], [0, "as it was told"]);
      const task = await workOf(place, ({ state }) => state === "ERROR");
      assertEquals([task.error?.type, task.error?.message], ["RangeError", "as it was told"]);
    });
  }
}
