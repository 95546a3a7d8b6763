/** Tests of `taskscope run` in a process of its own, while its server is killed. */

import type { LogLine, Task } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { type Program, startProgram } from "../../support/program.ts";
import { ended } from "../../support/task_server.ts";
import { Runs } from "../../support/runs.ts";
import { eventually } from "../../support/until.ts";

/** A script that waits for a file before each step, and writes to stdout and stderr. */
const JOB = `
for step in 1 2 3; do
  echo "$step/4"; echo "after $step" >&2
  while [ ! -e "step$step" ]; do sleep 0.05; done
done
echo 4/4
exit 3
`;
const OUTPUT = { code: 3, stdout: "1/4\n2/4\n3/4\n4/4\n", stderr: "after 1\nafter 2\nafter 3\n" };

class Place implements AsyncDisposable {
  readonly runs = new Runs();
  readonly port = freePort();
  #server: Program | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get task(): string {
    return `${this.url}/tasks/runs/t`;
  }

  async startServer(): Promise<void> {
    const data = `${this.runs.folder}/tasks.db`;
    this.#server = await startProgram(["--port", `${this.port}`, "--data", data, "--no-demo"]);
  }

  async killServer(): Promise<void> {
    this.#server!.process.kill("SIGKILL");
    await this.#server!.process.ended();
  }

  step(number: number): void {
    this.runs.file(`step${number}`, "");
  }

  /** Waits until the server has the given number of completed steps. */
  async seen(steps: number): Promise<void> {
    await eventually(() => call("GET", this.task), ({ json }) => json.current === steps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.runs[Symbol.asyncDispose]();
  }
}

Deno.test("runCommand() is unaffected by a server that is killed", async () => {
  await using place = new Place();
  await place.startServer();
  place.runs.file("job", JOB);
  await using process = await place.runs.start(["--server", place.url, "--", "sh", "job"]);
  await process.output(/1\/4/);
  await place.seen(1);
  await place.killServer();
  for (const step of [1, 2, 3]) place.step(step);
  assertEquals(await process.ended(), OUTPUT);
});

Deno.test("runCommand() resends everything to a server that was killed and restarted", async () => {
  await using place = new Place();
  await place.startServer();
  place.runs.file("job", JOB);
  await using process = await place.runs.start(["--server", place.url, "--", "sh", "job"]);
  await place.seen(1);
  await place.killServer();
  place.step(1);
  await process.output(/2\/4/);
  await place.startServer();
  await place.seen(2);
  place.step(2);
  place.step(3);
  assertEquals(await process.ended(), OUTPUT);
  const task = await ended(place.task) as unknown as Task;
  assertEquals([task.state, task.current, task.total], ["ERROR", 4, 4]);
  assertEquals(task.error, {
    type: "exit",
    message: "Exited with status 3: after 3",
    stack: "after 1\nafter 2\nafter 3",
  });
  const { json } = await call("GET", `${place.task}/logs`);
  const lines = json.lines.map(({ text }: LogLine) => text);
  assertEquals(lines.toSorted(), ["1/4", "2/4", "3/4", "4/4", "after 1", "after 2", "after 3"]);
});
