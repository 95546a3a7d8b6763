/**
 * Starts `taskscope run` in a process, with a server that it reports to.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { assertEquals } from "./assert.ts";
import { call } from "./calls.ts";
import { type Ended, moduleArgs, type Process, spawn } from "./program.ts";
import { startServer, type TestServer } from "./server.ts";
import { eventually } from "./until.ts";

/** The permissions that `run` needs, and no others. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-read",
  "--allow-run",
  "--allow-sys=hostname",
  "--allow-env=TASKSCOPE_*,PATH,SHELL",
];

/** Options of {@linkcode Runs.start}. */
export interface RunsOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: "null" | "piped";
  /** A shell script to start `run` with; it must end with `exec "$@"`. */
  readonly within?: string;
}

/** The exit status and the exact output of a process. */
export interface EndedBytes {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** A working folder for runs of `taskscope run`, and a server that they report to. */
export class Runs implements AsyncDisposable {
  readonly server: TestServer = startServer();
  readonly folder: string = Deno.makeTempDirSync({ prefix: "taskscope-run-" });

  /**
   * Starts `run`; the task's id is "t" unless the arguments set another one.
   *
   * @param args the arguments of `run`
   * @param options the working directory, the environment, stdin, and a script to start it with
   */
  async start(args: readonly string[], options: RunsOptions = {}): Promise<Process> {
    const { cwd = this.folder, env = {}, within, ...others } = options;
    const settings = { cwd, env: { ...this.#env, ...env }, ...others };
    const words = [...await runArgs(), ...args];
    return within === undefined
      ? spawn(Deno.execPath(), words, settings)
      : spawn("sh", ["-c", within, "sh", Deno.execPath(), ...words], settings);
  }

  /** Starts `run` and waits until it ends. */
  async run(args: readonly string[], options: RunsOptions = {}): Promise<Ended> {
    await using process = await this.start(args, options);
    return await process.ended();
  }

  /**
   * Runs a shell script in the folder.
   *
   * @param script the script; each `$RUN` in it is replaced by the command `taskscope run`
   */
  async shell(script: string): Promise<EndedBytes> {
    const shell = new Deno.Command("sh", {
      args: ["-c", await this.withRun(script)],
      cwd: this.folder,
      env: { ...this.#env, NO_COLOR: "1" },
      stdin: "null",
    });
    return await shell.output();
  }

  /** Replaces each `$RUN` in a shell script by the command `taskscope run`. */
  async withRun(script: string): Promise<string> {
    const words = [Deno.execPath(), ...await runArgs()].map((word) => `"${word}"`).join(" ");
    return script.replaceAll("$RUN", words);
  }

  /** Reads the record of a task from the server. */
  async task(id = "t"): Promise<Task> {
    return (await call("GET", this.taskUrl(id))).json;
  }

  /** Waits until the server has a task, because a command may end before its reports arrive. */
  async shown(id = "t"): Promise<void> {
    await eventually(() => call("GET", this.taskUrl(id)), ({ status }) => status === 200);
  }

  /** Waits until the server has a task, and cancels it over the API. */
  async cancel(id = "t"): Promise<void> {
    await this.shown(id);
    assertEquals((await call("POST", `${this.taskUrl(id)}/cancel`)).status, 202);
  }

  /** Reads the log of a task from the server. */
  async log(id = "t"): Promise<string[]> {
    const { json } = await call("GET", `${this.taskUrl(id)}/logs?limit=1000`);
    return json.lines.map(({ text }: { readonly text: string }) => text);
  }

  /** Returns the URL of a task on the server. */
  taskUrl(id = "t"): string {
    return `${this.server.url}/tasks/runs/${id}`;
  }

  /** Writes a file into the folder and returns its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = `${this.folder}/${name}`;
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  get #env(): Record<string, string> {
    return { TASKSCOPE_SERVER: this.server.url, TASKSCOPE_CLIENT: "runs", TASKSCOPE_ID: "t" };
  }
}

function runArgs(): Promise<string[]> {
  return moduleArgs("tests/support/run_command.ts", PERMISSIONS);
}

/** Returns random binary data; the same seed yields the same data. */
export function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return state >>> 24;
  });
}
