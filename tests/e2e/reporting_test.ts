/** Tests of the example scripts that report over plain HTTP, with curl. */

import type { LogLine, Task } from "../../lib/task/task.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { freePort } from "../support/free_port.ts";
import { type Ended, type Process, type Program, spawn, startProgram } from "../support/program.ts";
import { findTool } from "../support/tools.ts";

/** An example script, and the tools that it needs. */
interface Script {
  readonly file: string;
  readonly tools: readonly string[];
}

const SCRIPTS: readonly Script[] = [
  { file: "report.sh", tools: ["bash", "curl", "mkfifo"] },
];

/** The input of a script: regular files, and pipes at which the script blocks until a test writes to them. */
const FILES = ["first", "pipe 1", "pipe 2", "b & c", "pipe 3"];

/** Runs a test for each script whose tools are installed. */
function testScripts(name: string, run: (script: Script) => Promise<void>): void {
  for (const script of SCRIPTS) {
    Deno.test(`examples/${script.file}: ${name}`, async () => {
      for (const tool of script.tools) {
        if (await findTool([tool], `The test of ${script.file}`) === undefined) return;
      }
      await run(script);
    });
  }
}

/** A temporary folder with the input of a script and the database file of a server. */
class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly port: number = freePort();
  readonly #script: Script;
  #server: Program | undefined;

  private constructor(script: Script, folder: string) {
    this.#script = script;
    this.folder = folder;
  }

  /** Creates a folder with {@linkcode FILES}; if `hasPipes` is false, all are regular files, so that nothing blocks. */
  static async make(script: Script, hasPipes: boolean): Promise<Workplace> {
    const place = new Workplace(script, await Deno.makeTempDir({ prefix: "taskscope-report-" }));
    for (const file of FILES) {
      const path = `${place.folder}/${file}`;
      if (hasPipes && file.startsWith("pipe")) assertEquals((await spawn("mkfifo", [path]).ended()).code, 0);
      else await Deno.writeTextFile(path, contentOf(file));
    }
    return place;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async startServer(): Promise<void> {
    const data = `${this.folder}/tasks.db`;
    this.#server = await startProgram(["--port", `${this.port}`, "--data", data, "--no-demo"]);
  }

  /** Kills the server. */
  async killServer(): Promise<void> {
    this.#server!.process.kill("SIGKILL");
    await this.#server!.process.ended();
  }

  /** Starts the script in the folder. */
  run(files: readonly string[] = FILES): Process {
    const script = new URL(`../examples/${this.#script.file}`, import.meta.url).pathname;
    return spawn(script, files, {
      cwd: this.folder,
      env: { TASKSCOPE_SERVER: this.url, TASKSCOPE_CLIENT: "e2e" },
    });
  }

  /** Waits until the script blocks at a pipe; returns a function that unblocks it. Rejects if the script exits before. */
  async reached(script: Process, pipe: string): Promise<() => Promise<void>> {
    const opened = Deno.open(`${this.folder}/${pipe}`, { write: true });
    const ended = script.ended().then(({ code, stderr }) => {
      throw new Error(`The script ended with ${code} before it reached ${pipe}: ${stderr}`);
    });
    ended.catch(() => {});
    const end = await Promise.race([opened, ended]);
    return async () => {
      await end.write(new TextEncoder().encode(contentOf(pipe)));
      end.close();
    };
  }

  /** Reads the only task from the server. */
  async task(): Promise<Task> {
    const { json } = await call("GET", `${this.url}/tasks/e2e`);
    const [task, ...more] = Object.values<Task>(json.all_tasks);
    assertEquals([task !== undefined, more.length], [true, 0]);
    return task!;
  }

  /** Reads the log lines of the only task from the server. */
  async log(): Promise<string[]> {
    const { json } = await call("GET", `${this.url}/tasks/e2e/${(await this.task()).id}/logs`);
    return json.lines.map(({ text }: LogLine) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function contentOf(file: string): string {
  return `what is in ${file}\n`.repeat(100);
}

/** Runs a script without a server; returns its exit status and output. */
async function alone(script: Script, files?: readonly string[]): Promise<Ended> {
  await using place = await Workplace.make(script, false);
  await using process = place.run(files);
  return await process.ended();
}

testScripts(
  "has the same output if the server is killed in the middle and at the end, and reports everything after the restart",
  async (script) => {
    const wanted = await alone(script);
    assertEquals([wanted.code, wanted.stderr, wanted.stdout.split("\n").length], [0, "", FILES.length + 1]);
    const lines = wanted.stdout.trimEnd().split("\n");

    await using place = await Workplace.make(script, true);
    await place.startServer();
    await using process = place.run();
    const first = await place.reached(process, "pipe 1");
    const begun = await place.task();
    assertEquals([begun.state, begun.current, begun.total, begun.unit], ["PROCESSING", 1, 5, "files"]);
    assertEquals([begun.name, begun.status, begun.progress], ["checksums", "Reading pipe 1", 20]);
    assertEquals(await place.log(), lines.slice(0, 1));

    // While the server is down, reports are lost.
    await place.killServer();
    await first();
    const second = await place.reached(process, "pipe 2");
    await place.startServer();
    const back = await place.task();
    assertEquals(
      [back.id, back.state, back.current],
      [begun.id, "PROCESSING", 1],
      "acknowledged lines were lost",
    );
    await second();
    const third = await place.reached(process, "pipe 3");
    const after = await place.task();
    assertEquals([after.current, after.status, after.stale], [4, "Reading pipe 3", false]);
    assertEquals(await place.log(), lines.slice(0, 4), "lines are missing or duplicated");

    await place.killServer();
    await third();
    await process.output(/pipe 3\n/);
    // The script retries the report of its final state until the server is back.
    await place.startServer();
    const ended = await process.ended();
    assertEquals(ended, wanted);
    const task = await place.task();
    assertEquals([task.id, task.state, task.progress, task.error], [begun.id, "FINISHED", 100, null]);
    assertEquals(Number(task.result), FILES.length);
    assertEquals(await place.log(), lines);
    await place.killServer();
    await place.startServer();
    assertEquals(await place.task(), task, "the final state was not committed");
  },
);

testScripts("stops if its task is cancelled", async (script) => {
  for (const force of [false, true]) {
    await using place = await Workplace.make(script, true);
    await place.startServer();
    await using process = place.run();
    const first = await place.reached(process, "pipe 1");
    const { id } = await place.task();
    const cancel = await call("POST", `${place.url}/tasks/e2e/${id}/cancel?force=${force}`);
    assertEquals([cancel.status, cancel.json.state], [202, force ? "CANCELLED" : "PROCESSING"]);
    await first();
    const { code, stdout } = await process.ended();
    assertEquals([code, stdout.split("\n").length], [3, 3]);
    const task = await place.task();
    assertEquals([task.state, task.cancel_requested], ["CANCELLED", true]);
  }
});

testScripts("fails with the same output as without a server, and reports the error", async (script) => {
  const files = ["first", "missing", "b & c"];
  const wanted = await alone(script, files);
  assertEquals([wanted.code, wanted.stderr], [1, "Cannot read missing\n"]);
  await using place = await Workplace.make(script, false);
  await place.startServer();
  await using process = place.run(files);
  assertEquals(await process.ended(), wanted);
  const task = await place.task();
  assertEquals([task.state, task.current, task.log_count], ["ERROR", 1, 1]);
  assertMatch(task.error?.message ?? "", /missing/);
});
