// deno-lint-ignore-file no-console -- a command that says what it made
/**
 * Compiles the program into one executable, page, workers and importable module included:
 * `deno task compile [--output <file>] [--target <target>]`.
 *
 * `TASKSCOPE_COMPILE_DENO` names another Deno to compile with than the one that runs this.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startFlags } from "./start_flags.ts";

const ROOT = new URL("../", import.meta.url);

/** What it can be compiled for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** Modules that no import leads to, as they are started as workers. */
export const WORKERS = ["lib/demo/count_primes_worker.ts", "lib/store/sqlite/writer_worker.ts"] as const;

/** What to compile. */
export interface CompileOptions {
  /** The file to write. */
  readonly output: string;
  /** One of {@linkcode TARGETS}; `null` for this machine. */
  readonly target: string | null;
}

/**
 * Reads the command line.
 *
 * @param args the arguments
 * @param os what this runs on
 * @returns what to compile
 * @throws {TypeError} where there is no such flag, or one lacks its value
 * @throws {RangeError} where there is no such target
 */
export function parseCompile(args: readonly string[], os: typeof Deno.build.os): CompileOptions {
  const { values: { output, target = null } } = parseArgs({
    args: [...args],
    options: { output: { type: "string" }, target: { type: "string" } },
  });
  if (target !== null && !TARGETS.some((known) => known === target)) {
    throw new RangeError(`--target must be one of ${TARGETS.join(", ")}, received "${target}"`);
  }
  const isForWindows = target === null ? os === "windows" : target.includes("windows");
  return { output: output ?? (isForWindows ? "taskscope.exe" : "taskscope"), target };
}

/**
 * The arguments of Deno that compile.
 *
 * @param options what to compile
 * @param flags what the program runs with; none can be given to it later
 */
export function compileArgs(
  { output, target }: CompileOptions,
  flags: readonly string[],
): readonly string[] {
  return [
    "compile",
    "--quiet",
    "--frozen",
    // The task "check" does that, with the Deno whose types it was written for.
    "--no-check",
    // It would be written to the folder for temporary files, which others may write to, too.
    "--no-code-cache",
    // What tests and tools need stays out.
    "--exclude-unused-npm",
    ...flags,
    ...WORKERS.flatMap((worker) => ["--include", worker]),
    ...(target === null ? [] : ["--target", target]),
    "--output",
    output,
    "main.ts",
  ];
}

async function compile(options: CompileOptions): Promise<boolean> {
  const command = Deno.env.get("TASKSCOPE_COMPILE_DENO") || Deno.execPath();
  const { success } = await new Deno.Command(command, {
    args: [...compileArgs(options, await startFlags())],
    cwd: fileURLToPath(ROOT),
  }).spawn().status;
  if (success) {
    const { size } = await Deno.stat(new URL(options.output, ROOT));
    console.log(`${options.output}: ${(size / 1e6).toFixed(0)} MB`);
  }
  return success;
}

if (import.meta.main) {
  try {
    if (!await compile(parseCompile(Deno.args, Deno.build.os))) Deno.exit(1);
  } catch (error) {
    console.error(`Cannot compile: ${error instanceof Error ? error.message : error}`);
    Deno.exit(2);
  }
}
