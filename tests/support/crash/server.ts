/**
 * Runs a server that can be killed at any time.
 *
 * @module
 */

import type { Durability } from "../../../lib/store/store.ts";
import { call } from "../calls.ts";
import {
  type Ended,
  EXECUTABLE,
  type Process,
  type Program,
  spawn,
  spawnProgram,
  startProgram,
} from "../program.ts";
import type { TaskEnd } from "./ledger.ts";

const TASKS = new URL("./tasks.ts", import.meta.url).pathname;
const WORKER = new URL("./swarm_worker.ts", import.meta.url).pathname;

/** Options of a {@linkcode CrashServer}. */
export interface CrashServerOptions {
  /** The path or the URL of the database. */
  readonly data: string;
  readonly durability?: Durability;
  /** The server's limits that differ from the defaults. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** A server in a process of its own that stores its tasks in a database. */
export class CrashServer implements AsyncDisposable {
  readonly #program: Program;
  /** The time from the start of the process until its first successful readiness check, in milliseconds. */
  readonly readyMs: number;

  private constructor(program: Program, readyMs: number) {
    this.#program = program;
    this.readyMs = readyMs;
  }

  /** Starts a server and waits until it is ready. */
  static async start(options: CrashServerOptions): Promise<CrashServer> {
    const startedMs = performance.now();
    const program = await startProgram(await argumentsOf(options));
    for (;;) {
      const { status } = await call("GET", `${program.url}/readyz`);
      if (status === 200) return new CrashServer(program, performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** The address of the server, without a trailing slash. */
  get url(): string {
    return this.#program.url;
  }

  /** Resolves when a task prints to standard output, or the server has ended. */
  async nextOutput(): Promise<void> {
    const { process } = this.#program;
    const longer = new RegExp(`^[^]{${process.stdout.length + 1}}`);
    await process.output(longer).catch(() => {});
  }

  /** Kills the server with SIGKILL. */
  async kill(): Promise<Ended> {
    this.#program.process.kill("SIGKILL");
    return await this.#program.process.ended();
  }

  /** Sends SIGTERM to the server, and SIGKILL if it has not ended after `patienceMs` milliseconds. */
  async shutDown(patienceMs: number): Promise<Ended> {
    const { process } = this.#program;
    process.kill("SIGTERM");
    await killAfter(process, patienceMs);
    return await process.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

/** Starts a server and kills it after a delay, whether it is ready by then or not. */
export async function killAtStart(options: CrashServerOptions, afterMs: number): Promise<void> {
  await using process = await spawnProgram([...await argumentsOf(options), "--port", "0"]);
  await killAfter(process, afterMs);
  await process.ended();
}

async function killAfter(process: Process, milliseconds: number): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, milliseconds);
  await Promise.race([process.ended(), timeout.promise]);
  clearTimeout(timer);
  try {
    process.kill("SIGKILL");
  } catch {
    // The process has already ended.
  }
}

async function argumentsOf(
  { data, durability = "normal", limits = {} }: CrashServerOptions,
): Promise<string[]> {
  tasksModule ??= EXECUTABLE === undefined ? Promise.resolve(TASKS) : bundleTasks();
  const bounds = Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
  return ["--data", data, "--durability", durability, "--no-demo", "--tasks", await tasksModule, ...bounds];
}

let tasksModule: Promise<string> | undefined;

/** Bundles the tasks and their worker as JavaScript, because a compiled executable cannot load TypeScript. */
async function bundleTasks(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const args = ["bundle", "--quiet", "--outdir", folder, TASKS, WORKER];
  const { code, stderr } = await spawn(Deno.execPath(), args).ended();
  if (code !== 0) throw new Error(`Cannot bundle the tasks: ${stderr}`);
  const module = `${folder}/tasks.js`;
  const text = await Deno.readTextFile(module);
  await Deno.writeTextFile(module, text.replace("./swarm_worker.ts", "./swarm_worker.js"));
  return module;
}

/** Parses the outcomes that tasks printed to a server's standard output. */
export function endsIn(
  stdout: string,
): { readonly client: string; readonly id: string; readonly end: TaskEnd }[] {
  return [...stdout.matchAll(/^ack (\S+) (\S+) (FINISHED|ERROR|CANCELLED) ?(.*)\n/gm)].map((match) => {
    const [, client, id, state, rest] = match as unknown as [
      string,
      string,
      string,
      TaskEnd["state"],
      string,
    ];
    switch (state) {
      case "FINISHED":
        return { client, id, end: { state, result: JSON.parse(rest) } };
      case "ERROR":
        return { client, id, end: { state, message: rest } };
      case "CANCELLED":
        return { client, id, end: { state } };
    }
  });
}
