/**
 * `taskscope run` in processes of their own, beside a server that shows what they run.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { assertEquals } from "./assert.ts";
import { call } from "./calls.ts";
import { type Ended, moduleArgs, type Process, spawn } from "./program.ts";
import { startServer, type TestServer } from "./server.ts";

/** What `run` may do; what it does not need is not among it. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-read",
  "--allow-run",
  "--allow-env=TASKSCOPE_*,PATH,SHELL",
];

/** Options of {@linkcode Runs.start}. */
export interface RunsOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: "null" | "piped";
  /** A shell script that ends by becoming its arguments: `exec "$@"`. */
  readonly within?: string;
}

/** How something ended, and what it wrote, to the byte. */
export interface EndedBytes {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** A folder to work in, and a server to report to. */
export class Runs implements AsyncDisposable {
  readonly server: TestServer = startServer();
  readonly folder: string = Deno.makeTempDirSync({ prefix: "taskscope-run-" });

  /**
   * Starts `run`, with the task's id "t" unless another one is given.
   *
   * @param args its arguments
   * @param options where and with what it runs
   */
  async start(args: readonly string[], options: RunsOptions = {}): Promise<Process> {
    const { cwd = this.folder, env = {}, within, ...others } = options;
    const settings = { cwd, env: { ...this.#env, ...env }, ...others };
    const words = [...await runArgs(), ...args];
    return within === undefined
      ? spawn(Deno.execPath(), words, settings)
      : spawn("sh", ["-c", within, "sh", Deno.execPath(), ...words], settings);
  }

  /** Runs something until it ends. */
  async run(args: readonly string[], options: RunsOptions = {}): Promise<Ended> {
    await using process = await this.start(args, options);
    return await process.ended();
  }

  /**
   * Runs a shell script in which `$RUN` is `taskscope run`.
   *
   * @param script the script
   */
  async shell(script: string): Promise<EndedBytes> {
    const words = [Deno.execPath(), ...await runArgs()].map((word) => `'${word}'`).join(" ");
    const shell = new Deno.Command("sh", {
      args: ["-c", script.replaceAll("$RUN", words)],
      cwd: this.folder,
      env: { ...this.#env, NO_COLOR: "1" },
      stdin: "null",
    });
    return await shell.output();
  }

  /** The record of a task. */
  async task(id = "t"): Promise<Task> {
    return (await call("GET", this.taskUrl(id))).json;
  }

  /** Resolves when a task is to be seen: a command may be faster than the way to the server. */
  async shown(id = "t"): Promise<void> {
    while ((await call("GET", this.taskUrl(id))).status !== 200);
  }

  /** Cancels a task as a watcher, once it is to be seen. */
  async cancel(id = "t"): Promise<void> {
    await this.shown(id);
    assertEquals((await call("POST", `${this.taskUrl(id)}/cancel`)).status, 202);
  }

  /** The log of a task. */
  async log(id = "t"): Promise<string[]> {
    const { json } = await call("GET", `${this.taskUrl(id)}/logs?limit=1000`);
    return json.lines.map(({ text }: { readonly text: string }) => text);
  }

  /** The address of a task. */
  taskUrl(id = "t"): string {
    return `${this.server.url}/tasks/runs/${id}`;
  }

  /** The path of a file in the folder, which is written. */
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

/** Bytes that no text has, the same ones for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return state >>> 24;
  });
}
