/**
 * Runs `deno test` and `deno check` as child processes.
 *
 * @module
 */

import { readOutput, type Tally } from "./tally.ts";

/** What a test may do. */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net=127.0.0.1,localhost,[::1]",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

const ROOT = new URL("../../", import.meta.url);

/** Longest time that a process may take, in milliseconds; a hanging one would otherwise never show its output. */
const DEADLINE_MS = 600_000;

/** What became of the test files of one process. */
export interface Outcome {
  readonly files: readonly string[];
  readonly tally: Tally;
  readonly durationMs: number;
  /** The lines about the tests, without the summary. */
  readonly output: string;
  /** What is known about failures; empty if there are none. */
  readonly details: string;
}

/** How test files are run. */
export interface RunOptions {
  /** The lane that they run in; tests take their ports from a range of the lane's own. */
  readonly lane: number;
  readonly env: Readonly<Record<string, string>>;
  /** Kills the process. */
  readonly signal: AbortSignal;
}

/**
 * Runs test files one after the other in a new process, without type-checking them.
 *
 * @param files the files, relative to the project
 * @param flags flags of `deno test`
 * @param options how to run them
 * @returns what became of them
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
  const note = isLate ? `\nKilled, as it took longer than ${DEADLINE_MS / 1000} s\n` : "";
  return { files, durationMs: performance.now() - started, ...readOutput(text + note, code) };
}

/** Runs a single file with its output passed through; returns the exit status. */
export async function runInForeground(
  file: string,
  flags: readonly string[],
  checksTypes: boolean,
): Promise<number> {
  const args = ["test", ...(checksTypes ? [] : ["--no-check"]), ...PERMISSIONS, ...flags, file];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn().status;
  return code;
}

/** Type-checks files; returns the complaints, or `undefined` if there are none. */
export async function checkTypes(files: readonly string[]): Promise<string | undefined> {
  const command = new Deno.Command(Deno.execPath(), { args: ["check", "--quiet", ...files], cwd: ROOT });
  const { success, stdout, stderr } = await command.output();
  return success ? undefined : decode(stdout) + decode(stderr);
}

/** Both outputs, in the order in which they came. */
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
    // It has ended already.
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
