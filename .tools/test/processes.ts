/**
 * Runs `deno test` and `deno check` as child processes.
 *
 * @module
 */

import { readOutput, type Tally } from "./tally.ts";

/** The permissions of a test. */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net=127.0.0.1,localhost,[::1],[::]",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

const ROOT = new URL("../../", import.meta.url);

/** The time after which a test process is killed, in milliseconds; a process that hangs would never show its output. */
const DEADLINE_MS = 600_000;

/** The result of the test files of one process. */
export interface Outcome {
  readonly files: readonly string[];
  readonly tally: Tally;
  readonly durationMs: number;
  /** The lines of output about the tests, without the summary. */
  readonly output: string;
  /** The lines of output that describe the failures; empty if there are none. */
  readonly details: string;
}

/** Options of {@linkcode runFiles}. */
export interface RunOptions {
  /** The lane in which the files run; each lane has a range of ports for its tests. */
  readonly lane: number;
  readonly env: Readonly<Record<string, string>>;
  /** A signal that kills the process. */
  readonly signal: AbortSignal;
}

/**
 * Runs test files one after the other in a new process, without type-checking them.
 *
 * @param files the paths of the files, relative to the project
 * @param flags the flags of `deno test`
 * @param options the lane, the environment and a signal
 * @returns the result, and the output to print
 */
export async function runFiles(
  files: readonly string[],
  flags: readonly string[],
  { lane, env, signal }: RunOptions,
): Promise<Outcome> {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", ...PERMISSIONS, ...flags, ...files],
    cwd: ROOT,
    env: { ...env, TASKSCOPE_TEST_LANE: `${lane}` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill(child);
  }, DEADLINE_MS);
  const abort = () => kill(child);
  signal.addEventListener("abort", abort);
  const [text, { code }] = await Promise.all([readBoth(child), child.status]);
  clearTimeout(timer);
  signal.removeEventListener("abort", abort);
  const note = isLate ? `\nKilled, because it took longer than ${DEADLINE_MS / 1000} s\n` : "";
  return { files, durationMs: performance.now() - started, ...readOutput(text + note, code) };
}

/** Runs a single file, whose output is printed as it is written; returns the exit status. */
export async function runInForeground(
  file: string,
  flags: readonly string[],
  checksTypes: boolean,
): Promise<number> {
  const args = ["test", ...(checksTypes ? [] : ["--no-check"]), ...PERMISSIONS, ...flags, file];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn().status;
  return code;
}

/** Type-checks files; returns the errors as text, or `undefined` if there are none. */
export async function checkTypes(files: readonly string[]): Promise<string | undefined> {
  const command = new Deno.Command(Deno.execPath(), { args: ["check", "--quiet", ...files], cwd: ROOT });
  const { success, stdout, stderr } = await command.output();
  return success ? undefined : decode(stdout) + decode(stderr);
}

/** Reads stdout and stderr to their end; returns both as one text, in the order in which the parts arrived. */
async function readBoth(child: Deno.ChildProcess): Promise<string> {
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  return text;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // The process has already ended.
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
