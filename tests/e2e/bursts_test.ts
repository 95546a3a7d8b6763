/** Tests that bursts of log lines arrive whole and in order, also while the server is killed and restarted. */

import type { Task } from "../../lib/task/task.ts";
import { assertEquals } from "../support/assert.ts";
import { installPackage, runtimes } from "../support/npm_package.ts";
import { moduleArgs, type Process, spawn } from "../support/program.ts";
import { startPython, taskWhere } from "../support/python.ts";
import { RemotePlace } from "../support/remote_place.ts";
import { logOf } from "../support/remote_task.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { startServer } from "../support/server.ts";
import { findTool } from "../support/tools.ts";

/** In the soak, the connection stays open but silent, which reporters notice only after 20 s. */
/** The time without a connection, in milliseconds. */
const CUT_MS = IS_SOAK ? 60_000 : 1_000;
/** The number of lines in a burst. */
const LINES = 20_000;
const TAIL = "INFO request handled in 12 ms by worker 3, 42 kB sent";

/** A program logs a burst, another one once the file `more` exists, prints `burst 2`, and ends once `end` exists. */
interface Program {
  readonly name: string;
  /** A tool that the program needs. */
  readonly needs: string;
  readonly start: (place: RemotePlace) => Process | Promise<Process>;
}

/** The body of a program in JavaScript. */
const FUNCTION = `async (task) => {
  for (let burst = 0; burst < 2; burst++) {
    while (burst > 0 && !await exists("more")) await new Promise((resolve) => setTimeout(resolve, 20));
    for (let n = 0; n < ${LINES}; n++) task.log(\`line \${burst * ${LINES} + n} ${TAIL}\`);
  }
  console.log("burst 2");
  while (!await exists("end")) await new Promise((resolve) => setTimeout(resolve, 20));
}`;

const PYTHON = `
import os, sys, time, taskscope
os.chdir(sys.argv[1])
def wait(name):
    while not os.path.exists(name): time.sleep(0.02)
with taskscope.task("work") as task:
    for burst in range(2):
        if burst > 0: wait("more")
        for n in range(${LINES}): task.log(f"line {burst * ${LINES} + n} ${TAIL}")
    print("burst 2", flush=True)
    wait("end")
`;

const SHELL = `
seq -f "line %.0f ${TAIL}" 0 ${LINES - 1}
while [ ! -e more ]; do sleep 0.02; done
seq -f "line %.0f ${TAIL}" ${LINES} ${2 * LINES - 1}
echo "burst 2" >&2
while [ ! -e end ]; do sleep 0.02; done
`;

/** Starts `taskscope run` with the script. */
async function startRun(place: RemotePlace, flags: readonly string[]): Promise<Process> {
  const permissions = ["--allow-net=127.0.0.1", "--allow-read", "--allow-run", "--allow-sys=hostname"];
  const words = await moduleArgs("tests/support/run_command.ts", [
    ...permissions,
    "--allow-env=TASKSCOPE_*,PATH,SHELL",
  ]);
  const args = [...words, "--server", place.proxy.url, ...flags, "--", "sh", "-c", SHELL];
  return spawn(Deno.execPath(), args, { cwd: place.folder.path });
}

const PROGRAMS: readonly Program[] = [
  {
    name: "monitored() by URL",
    needs: "seq",
    start: (place) =>
      place.run(`import { monitored } from "${place.proxy.url}/monitored.ts";
const exists = (name: string) => Deno.stat(name).then(() => true, () => false);
await monitored(${FUNCTION}, { name: "work" })();`),
  },
  ...(await runtimes(true)).map(({ name, command }): Program => ({
    name,
    needs: "seq",
    start: async (place) => {
      place.folder.write(
        "job.mjs",
        `import { existsSync } from "node:fs";
import { monitored } from "taskscope";
const exists = existsSync;
await monitored(${FUNCTION}, { name: "work" })();`,
      );
      await installPackage(place.folder.path);
      return spawn(command, ["job.mjs"], {
        cwd: place.folder.path,
        env: { TASKSCOPE_SERVER: place.proxy.url },
      });
    },
  })),
  {
    name: "the Python reporter",
    needs: "/usr/bin/python3",
    start: (place) =>
      startPython(PYTHON, {
        server: place.proxy.url,
        env: { TASKSCOPE_CLIENT: "default" },
        args: [place.folder.path],
      }),
  },
  { name: "taskscope run", needs: "seq", start: (place) => startRun(place, []) },
  { name: "taskscope run --pty", needs: "script", start: (place) => startRun(place, ["--pty"]) },
];

/** What happens to the server between the bursts of a program, and how it ends. */
interface Outage {
  readonly name: string;
  readonly begin: (place: RemotePlace) => Promise<void>;
  readonly end: (place: RemotePlace) => Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  { name: "the server is killed", begin: (place) => place.kill(), end: (place) => place.start() },
  {
    name: `the connection is ${IS_SOAK ? "silent" : "refused"} for ${CUT_MS / 1_000} s`,
    begin: (place) => Promise.resolve(IS_SOAK ? place.proxy.blackhole() : place.proxy.refuse()),
    end: async (place) => {
      await new Promise((resolve) => setTimeout(resolve, CUT_MS));
      await place.proxy.restore();
    },
  },
];

for (const { name, needs, start } of PROGRAMS) {
  for (const outage of OUTAGES) {
    Deno.test(`${name}: bursts of ${LINES} log lines arrive whole and in order, although ${outage.name}`, async () => {
      if (await findTool([needs], `The test of bursts of ${name}`) === undefined) return;
      await using place = new RemotePlace();
      await place.start();
      await using process = await start(place);
      const shown = (fits: (task: Task) => boolean) => taskWhere(place.url, fits, "default");
      const { id } = await shown(({ log_count }) => log_count > 0);
      await outage.begin(place);
      place.folder.write("more", "");
      const isRun = name.startsWith("taskscope run");
      // A pseudo-terminal merges stdout and stderr.
      await process.output(/burst 2/, isRun && !name.endsWith("--pty") ? "stderr" : "stdout");
      await outage.end(place);
      await shown(({ log_count }) => log_count === 2 * LINES + (isRun ? 1 : 0));
      place.folder.write("end", "");
      assertEquals((await process.ended()).code, 0);
      await shown(({ state }) => state === "FINISHED");
      const log = (await logOf(place.url, { client: "default", id })).filter((line) => line !== "burst 2");
      assertEquals(log.length, 2 * LINES);
      const wrong = log.findIndex((line, n) => line !== `line ${n} ${TAIL}`);
      assertEquals(wrong, -1, `line ${wrong} is ${log[wrong]}`);
    });
  }
}

Deno.test(`monitored(): a burst of ${LINES} log lines reaches a monitor in the same isolate whole and in order`, async () => {
  await using server = startServer({ limits: { logLinesPerTask: LINES } });
  const expected = Array.from({ length: LINES }, (_, n) => `line ${n} ${TAIL}`);
  const work = server.monitor.monitored((task) => {
    for (const line of expected) task.log(line);
  }, { name: "work", id: "work" });
  await work();
  assertEquals(await logOf(server.url, { client: "default", id: "work" }), expected);
});
