/**
 * Runs Python programs that report with the package `taskscope`.
 *
 * @module
 */

import type { LogLine, Task } from "../../lib/task/task.ts";
import { call } from "./calls.ts";
import { type Ended, type Process, spawn } from "./program.ts";
import { findTool } from "./tools.ts";
import { eventually } from "./until.ts";

/** Debian's Python, which has Debian's tqdm, even if another one comes first on the PATH. */
const PYTHON = "/usr/bin/python3";

/** The source of the package. */
const PACKAGE = new URL("../../lib/reporters/python/", import.meta.url).pathname;

/** Options of a Python program. */
export interface PythonOptions {
  /** The address of the server. */
  readonly server: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the package; by default that of its source. */
  readonly path?: string;
  readonly args?: readonly string[];
  /** The flags of Python; by default those that make its warnings errors. */
  readonly flags?: readonly string[];
}

/** Defines a test that needs Python and tqdm. */
export function testPython(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => {
    if (await findTool([PYTHON], "A test of the Python reporter") !== undefined) await run();
  });
}

/**
 * Starts a Python program, whose tasks belong to the client `py`.
 *
 * @param source the source of the program
 * @param options the server, the environment, the package, and the arguments of the program and of Python
 * @returns the process, whose stdin is piped
 */
export function startPython(source: string, options: PythonOptions): Process {
  const { server, env = {}, path = PACKAGE, args = [], flags = ["-X", "dev", "-W", "error"] } = options;
  return spawn(PYTHON, [...flags, "-c", source, ...args], {
    stdin: "piped",
    env: {
      PYTHONPATH: path,
      PYTHONDONTWRITEBYTECODE: "1",
      TASKSCOPE_SERVER: server,
      TASKSCOPE_CLIENT: "py",
      ...env,
    },
  });
}

/** What asyncio prints in development mode about a step that took more than 0.1 s, as any may on a busy machine. */
const SLOW_STEP = /^Executing <.*> took [\d.]+ seconds\n/gm;

/** Runs a Python program to its end; what asyncio prints about slow steps is left out. */
export async function runPython(source: string, options: PythonOptions): Promise<Ended> {
  await using process = startPython(source, options);
  const ended = await process.ended();
  return { ...ended, stderr: ended.stderr.replace(SLOW_STEP, "") };
}

/** Runs Python itself with some arguments. */
export async function python(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using process = spawn(PYTHON, args, { env });
  return await process.ended();
}

/** Returns the tasks of a client of a server, the oldest first. */
export async function tasksAt(url: string, client = "py"): Promise<Task[]> {
  const { json } = await call("GET", `${url}/tasks/${client}`);
  return Object.values(json.all_tasks);
}

/** Waits until a task of a client exists that meets a condition; rejects if none does within a minute. */
export async function taskWhere(
  url: string,
  condition: (task: Task) => boolean,
  client = "py",
): Promise<Task> {
  // A server that was killed does not answer until it is restarted.
  const tasks = await eventually(
    () => tasksAt(url, client).catch(() => []),
    (tasks) => tasks.some(condition),
  );
  return tasks.find(condition)!;
}

/** Returns the first lines of the log of a task as texts. */
export async function logLines(url: string, { id }: Pick<Task, "id">, client = "py"): Promise<string[]> {
  const { json } = await call("GET", `${url}/tasks/${client}/${id}/logs?after=0`);
  return json.lines.map(({ text }: LogLine) => text);
}

/** Returns the fields of tasks that a test compares. */
export function outline(tasks: readonly Task[]): readonly (readonly unknown[])[] {
  const names = new Map(tasks.map(({ id, name }) => [id, name]));
  return tasks.map(({ name, state, current, total, parent_id }) => [
    name,
    state,
    current,
    total,
    parent_id === null ? null : names.get(parent_id) ?? parent_id,
  ]);
}
