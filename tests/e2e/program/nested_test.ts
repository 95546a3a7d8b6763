/** Tests of programs that report tasks inside of `taskscope run`, in processes of their own. */

import type { Task } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { moduleArgs, type Process, type Program, startProgram } from "../../support/program.ts";
import { Runs } from "../../support/runs.ts";
import { findTool } from "../../support/tools.ts";
import { eventually } from "../../support/until.ts";

const PYTHON_PACKAGE = new URL("../../../lib/reporters/python/", import.meta.url).pathname;
const KEY = "the-key-of-a-server-for-nesting";
/** A program in Python that does the same as `tests/support/nested_program.ts`. */
const PYTHON = `
import os, sys, time, taskscope

@taskscope.monitored(name="count")
def count(task):
    task.update(current=1, total=4)
    while not os.path.exists(sys.argv[1]): time.sleep(0.02)
    task.update(current=4)

count()
`;

/** The parent, the state, the progress and the count of a task. */
type Row = readonly [parent: string | null, state: string, progress: number | null, current: number | null];

/** A server in a process of its own, and a folder with scripts that run `taskscope run`. */
class Place implements AsyncDisposable {
  readonly runs = new Runs();
  readonly port = freePort();
  readonly key: string | null;
  #server: Program | undefined;

  constructor(key: string | null) {
    this.key = key;
  }

  async startServer(): Promise<void> {
    const data = `${this.runs.folder}/tasks.db`;
    const env = this.key === null ? {} : { TASKSCOPE_KEY: this.key };
    this.#server = await startProgram(["--port", `${this.port}`, "--data", data, "--no-demo"], { env });
  }

  async killServer(): Promise<void> {
    this.#server!.process.kill("SIGKILL");
    await this.#server!.process.ended();
  }

  /** Starts `taskscope run` with a script, in which `$RUN` is `taskscope run` and `$COUNT` a monitored program. */
  async start(
    flags: readonly string[],
    script: string,
    language: "deno" | "python" = "deno",
  ): Promise<Process> {
    const permissions = ["--allow-net=127.0.0.1", "--allow-read", "--allow-env=TASKSCOPE_*"];
    const words = language === "deno"
      ? [Deno.execPath(), ...await moduleArgs("tests/support/nested_program.ts", permissions)]
      : ["/usr/bin/python3", this.runs.file("count.py", PYTHON)];
    const text = (await this.runs.withRun(script)).replaceAll("$COUNT", words.join(" "));
    this.runs.file("script", text);
    const server = ["--server", `http://127.0.0.1:${this.port}`];
    const env = {
      ...this.key === null ? {} : { TASKSCOPE_KEY: this.key },
      PYTHONPATH: PYTHON_PACKAGE,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    return await this.runs.start([...server, ...flags, "--", "sh", "script"], { env });
  }

  /** Returns what the server has, by the ids; `count` has another id if it is written in Python. */
  async tree(): Promise<Record<string, Row>> {
    const headers = this.key === null ? {} : { authorization: `Bearer ${this.key}` };
    const { json } = await call("GET", `http://127.0.0.1:${this.port}/tasks/runs`, { headers });
    const rows = Object.values<Task>(json.all_tasks).map(
      ({ id, name, parent_id, state, progress, current }) => {
        return [name === "count" ? name : id, [
          parent_id,
          state,
          progress === null ? null : Math.round(progress),
          current,
        ]];
      },
    );
    return Object.fromEntries(rows);
  }

  /** Waits until the server has these tasks and no others. */
  async shows(expected: Readonly<Record<string, Row>>): Promise<void> {
    const wanted = JSON.stringify(sorted(expected));
    await eventually(() => this.tree(), (tree) => JSON.stringify(sorted(tree)) === wanted);
  }

  async cancel(id: string): Promise<void> {
    const { status } = await call("POST", `http://127.0.0.1:${this.port}/tasks/runs/${id}/cancel`);
    assertEquals(status, 202);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.runs[Symbol.asyncDispose]();
  }
}

function sorted(tree: Readonly<Record<string, Row>>): unknown {
  return Object.entries(tree).sort(([left], [right]) => left < right ? -1 : 1);
}

/** Three runs, one of a program that reports itself; each waits for a file, and their output passes through. */
const SCRIPT = `
echo "step 1/9"
$RUN --id copy -- sh -c 'echo 50%; while [ ! -e go1 ]; do sleep 0.05; done'
echo "step 7/9"
$RUN --id counting --expect 1 -- $COUNT go2
$RUN --id broken -- sh -c 'echo 80%; while [ ! -e go3 ]; do sleep 0.05; done; exit 4' || true
`;

for (
  const [title, key, restarts, language] of [
    ["", null, false, "deno"],
    [" to a server with a key", KEY, false, "deno"],
    [", one of them in Python, to a server with a key that is killed and restarted", KEY, true, "python"],
  ] as const
) {
  Deno.test(`runCommand(): the run and the tasks that its script reports${title} form one tree`, async () => {
    const isPython = language === "python";
    if (isPython && await findTool(["/usr/bin/python3"], "A test of nesting in Python") === undefined) return;
    await using place = new Place(key);
    await place.startServer();
    await using process = await place.start(["--id", "all", "--expect", "3"], SCRIPT, language);
    const restart = async () => {
      if (!restarts) return;
      await place.killServer();
      await place.startServer();
    };
    await place.shows({
      all: [null, "PROCESSING", 17, null],
      copy: ["all", "PROCESSING", 50, null],
    });
    await restart();
    place.runs.file("go1", "");
    await place.shows({
      all: [null, "PROCESSING", 42, null],
      copy: ["all", "FINISHED", 100, null],
      counting: ["all", "PROCESSING", 25, null],
      count: ["counting", "PROCESSING", 25, 1],
    });
    await restart();
    place.runs.file("go2", "");
    await place.shows({
      all: [null, "PROCESSING", 93, null],
      copy: ["all", "FINISHED", 100, null],
      counting: ["all", "FINISHED", 100, null],
      count: ["counting", "FINISHED", 100, 4],
      broken: ["all", "PROCESSING", 80, null],
    });
    place.runs.file("go3", "");
    const { code, stdout } = await process.ended();
    assertEquals([code, stdout], [0, "step 1/9\n50%\nstep 7/9\n80%\n"]);
    assertEquals(await place.tree(), {
      all: [null, "FINISHED", 100, null],
      copy: ["all", "FINISHED", 100, null],
      counting: ["all", "FINISHED", 100, null],
      count: ["counting", "FINISHED", 100, 4],
      broken: ["all", "ERROR", 80, null],
    });
  });
}

Deno.test("runCommand() does not read the output of subtasks as its own progress, which is null without --expect", async () => {
  await using place = new Place(null);
  await place.startServer();
  await using process = await place.start(["--id", "all"], SCRIPT);
  await place.shows({ all: [null, "PROCESSING", null, null], copy: ["all", "PROCESSING", 50, null] });
  for (const file of ["go1", "go2", "go3"]) place.runs.file(file, "");
  assertEquals((await process.ended()).code, 0);
  assertEquals((await place.tree()).all, [null, "FINISHED", 100, null]);
});

Deno.test("runCommand() --no-nest neither becomes a subtask nor makes subtasks", async () => {
  await using place = new Place(null);
  await place.startServer();
  const script = `
$RUN --id inner --no-nest -- sh -c '$RUN --id innermost -- sh -c "echo 50%"'
$RUN --id other --client elsewhere -- true
`;
  const { code } = await (await place.start(["--id", "all"], script)).ended();
  assertEquals(code, 0);
  assertEquals(await place.tree(), {
    all: [null, "FINISHED", 100, null],
    inner: [null, "FINISHED", 100, null],
    innermost: [null, "FINISHED", 100, null],
  });
});

/** Three runs, each within the one before; the innermost command runs the script `command`. */
const LEVELS = "$RUN --id middle -- sh middle; echo after";
const RUNNING: Record<string, Row> = {
  outer: [null, "PROCESSING", null, null],
  middle: ["outer", "PROCESSING", null, null],
  inner: ["middle", "PROCESSING", 50, null],
};

for (
  const [title, flags, command] of [
    ["ends runs within runs", [], "echo 50%; sleep 600"],
    ["ends runs whose command handles SIGTERM", [], "trap 'exit 0' TERM; echo 50%; sleep 600 & wait"],
    [
      "lets the runs within runs report that their commands were killed",
      ["--grace", "1"],
      "trap '' TERM; echo 50%; while true; do sleep 1; done",
    ],
  ] as const
) {
  Deno.test(`runCommand() ${title} when the outermost run is cancelled`, async () => {
    await using place = new Place(null);
    await place.startServer();
    place.runs.file("middle", await place.runs.withRun("$RUN --id inner -- sh command; echo after"));
    place.runs.file("command", command);
    await using process = await place.start(["--id", "outer", ...flags], LEVELS);
    await place.shows(RUNNING);
    await place.cancel("outer");
    const { stdout } = await process.ended();
    assertEquals(stdout, "50%\n");
    await place.shows({
      outer: [null, "CANCELLED", null, null],
      middle: ["outer", "CANCELLED", null, null],
      inner: ["middle", "CANCELLED", 50, null],
    });
  });
}

Deno.test("runCommand() continues after a run within it was cancelled", async () => {
  await using place = new Place(null);
  await place.startServer();
  place.runs.file(
    "middle",
    await place.runs.withRun("$RUN --id inner -- sh command; echo status $?; exit 5"),
  );
  place.runs.file("command", "echo 50%; sleep 600");
  await using process = await place.start(["--id", "outer"], LEVELS);
  await place.shows(RUNNING);
  await place.cancel("inner");
  const { code, stdout } = await process.ended();
  assertEquals([code, stdout], [0, "50%\nstatus 143\nafter\n"]);
  await place.shows({
    outer: [null, "FINISHED", 100, null],
    middle: ["outer", "ERROR", null, null],
    inner: ["middle", "CANCELLED", 50, null],
  });
});
