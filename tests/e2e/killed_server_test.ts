/** Tests that programs that report to a server behave the same, no matter when the server is killed. */

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { installPackage, runtimes } from "../support/npm_package.ts";
import { type Ended, moduleArgs, type Process, spawn, spawnScript } from "../support/program.ts";
import { startPython, taskWhere } from "../support/python.ts";
import { RemotePlace } from "../support/remote_place.ts";
import { repetitions } from "../support/repetitions.ts";
import { findTool } from "../support/tools.ts";

/** How often the server is killed. */
const ROUNDS = repetitions({ gate: 1, soak: 20 });

/** A program in JavaScript, without its imports. */
const SCRIPT = `
const work = monitored(async function* work(task, steps) {
  const part = task.child("part");
  for (let step = 0; step < steps; step++) {
    task.log("step " + step);
    await part.update({ current: step, total: steps });
    yield step;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  part.finish("done");
});
const fails = monitored(() => { throw new RangeError("as it was told"); });
for await (const step of work(40)) console.log("step", step);
await fails().catch((error) => console.log(error.name, error.message));
console.log(await monitored(() => ({ result: [1, 2] }), { name: "sum" })());
throw new TypeError("the last error");
`;

const PYTHON = `
import time, taskscope
@taskscope.monitored
def work(steps, task):
    with task.child("part") as part:
        for step in range(steps):
            task.log(f"step {step}")
            part.update(current=step, total=steps)
            yield step
            time.sleep(0.02)
@taskscope.monitored
def fails(): raise ValueError("as it was told")
for step in work(40): print("step", step)
try: fails()
except ValueError as error: print(repr(error))
print(taskscope.monitored(lambda: [1, 2])())
raise SystemExit(7)
`;

const COMMAND = `
for step in 1 2 3 4 5 6 7 8 9; do echo "$step/9"; echo "after $step" >&2; sleep 0.1; done
kill -9 $$
`;

/** A shell script that reports with `--best-effort`, so that failed reports do not fail it. */
const REPORTING = `
flags="--best-effort --timeout=0"
id=$(taskscope report start work --total 2 $flags) || exit
for step in 1 2; do
  taskscope report update "$id" --current $step $flags || exit
  echo "step $step"
done
taskscope report finish "$id" $flags || exit
exit 7
`;

type Start = (place: RemotePlace) => Process | Promise<Process>;

/** Returns how to start each program, by its name. */
async function programs(): Promise<ReadonlyMap<string, Start>> {
  const server = (place: RemotePlace) => ({ TASKSCOPE_SERVER: place.url });
  const starts = new Map<string, Start>();
  starts.set("Deno", (place) => {
    const flags = ["--no-prompt", "--allow-net", `--allow-import=${new URL(place.url).host}`];
    return place.folder.deno(["run", ...flags, "job.ts"]);
  });
  for (const { name, command } of await runtimes()) {
    starts.set(name, (place) => spawn(command, ["job.mjs"], { cwd: place.folder.path, env: server(place) }));
  }
  if (await findTool(["/usr/bin/python3"], "The test of killed servers in Python") !== undefined) {
    starts.set("Python", (place) => startPython(PYTHON, { server: place.url }));
  }
  const flags = ["--allow-net=127.0.0.1", "--allow-read", "--allow-run", "--allow-sys=hostname"];
  const run = await moduleArgs("tests/support/run_command.ts", [
    ...flags,
    "--allow-env=TASKSCOPE_*,PATH,SHELL",
  ]);
  starts.set(
    "taskscope run",
    (place) => spawn(Deno.execPath(), [...run, "--", "sh", "-c", COMMAND], { env: server(place) }),
  );
  starts.set("taskscope report", (place) => spawnScript(REPORTING, [], { env: server(place) }));
  return starts;
}

/** Returns the exit status and the output of a program, without its warnings about the server. */
async function outcomeOf(program: Process): Promise<Ended> {
  await using running = program;
  const { code, stdout, stderr } = await running.ended();
  const complaints = stderr.match(/^(\[taskscope\]|taskscope:) .*\n/gm) ?? [];
  for (const text of complaints) {
    assertMatch(text, /No server answers|Cannot reach a server|is unavailable|No task/);
  }
  const said = stderr.replaceAll(/^(\[taskscope\]|taskscope:|Download) .*\n/gm, "")
    // The frames of the runtime's own code depend on the timing.
    .replaceAll(/^ +at .*\n/gm, "");
  return { code, stdout, stderr: said };
}

Deno.test("programs of every language end in the same way, whenever their server is killed", async () => {
  const starts = await programs();
  await using place = new RemotePlace();
  await place.start();
  place.folder.write("job.ts", `import { monitored } from "${place.url}/monitored.ts";\n${SCRIPT}`);
  place.folder.write("job.mjs", `import { monitored } from "taskscope";\n${SCRIPT}`);
  await installPackage(place.folder.path);
  const outcomes = async () => {
    const running = Array.from(starts, async ([name, start]): Promise<[string, Ended]> => [
      name,
      await outcomeOf(await start(place)),
    ]);
    return new Map(await Promise.all(running));
  };
  const startedAt = performance.now();
  const wanted = await outcomes();
  const durationMs = performance.now() - startedAt;
  for (const [name, { code, stdout }] of wanted) {
    assert(code !== 0 && stdout !== "", `${name} ended with ${code}`);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const moment = Math.round(Math.random() * durationMs);
    const comesBack = round % 2 === 1;
    const what = `killed after ${moment} of ${durationMs.toFixed()} ms${comesBack ? ", and restarted" : ""}`;
    const running = outcomes();
    await new Promise((resolve) => setTimeout(resolve, moment));
    await place.kill();
    if (comesBack) await place.start();
    for (const [name, outcome] of await running) assertEquals(outcome, wanted.get(name), `${name}: ${what}`);
    if (!comesBack) await place.start();
  }
  await taskWhere(place.url, ({ name }) => name === "work", "default");
});
