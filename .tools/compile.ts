// deno-lint-ignore-file no-console -- the tool prints its result
/**
 * Compiles the program into one executable, including pages, workers and the importable module:
 * `deno task compile [--output <file>] [--target <target>]`.
 *
 * `TASKSCOPE_COMPILE_DENO` is the path of the Deno to compile with; by default, the Deno that runs this tool.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startFlags } from "./start_flags.ts";

const ROOT = new URL("../", import.meta.url);

/** The platforms that the program can be compiled for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** Modules that are started as workers; `deno compile` does not find them, because nothing imports them. */
export const WORKERS = [
  "lib/demo/count_primes_worker.ts",
  "lib/store/sqlite/search_worker.ts",
  "lib/store/sqlite/writer_worker.ts",
] as const;

/** Options of {@linkcode compileArgs}. */
export interface CompileOptions {
  /** The path of the executable. */
  readonly output: string;
  /** One of {@linkcode TARGETS}; `null` for the platform of this machine. */
  readonly target: string | null;
}

/**
 * Parses the arguments of `deno task compile`.
 *
 * @param args the command-line arguments
 * @param os the operating system of this machine
 * @returns the options of the compilation
 * @throws {TypeError} if a flag is unknown or lacks its value
 * @throws {RangeError} if the target is not supported
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
 * Returns the arguments with which `deno` compiles the program.
 *
 * @param options the target and the path of the executable
 * @param flags the flags and permissions of the executable, which are fixed at compile time
 */
export function compileArgs(
  { output, target }: CompileOptions,
  flags: readonly string[],
): readonly string[] {
  return [
    "compile",
    "--quiet",
    "--frozen",
    // `deno task check` checks the types, with the version of Deno that the code was written for.
    "--no-check",
    // No code cache: it would be in the temporary folder, which other users may write to.
    "--no-code-cache",
    // Without this flag, the executable would also contain the packages of tests and tools.
    "--exclude-unused-npm",
    ...flags,
    ...WORKERS.flatMap((worker) => ["--include", worker]),
    ...(target === null ? [] : ["--target", target]),
    "--output",
    output,
    "main.ts",
  ];
}

/**
 * Compiles the program.
 *
 * @param options the target and the path of the executable
 * @throws {Error} if Deno cannot compile; the message is for the user
 */
export async function compile(options: CompileOptions): Promise<void> {
  const command = Deno.env.get("TASKSCOPE_COMPILE_DENO") || Deno.execPath();
  const child = new Deno.Command(command, {
    args: [...compileArgs(options, await startFlags())],
    cwd: fileURLToPath(ROOT),
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stderr: "piped",
  });
  const { success, stderr } = await child.output();
  if (!success) throw new Error(failureOf(new TextDecoder().decode(stderr)));
}

/**
 * Returns a message about a failed compilation.
 *
 * @param output what `deno compile` wrote
 */
export function failureOf(output: string): string {
  // `deno compile` appends the program to Deno's runtime, which it downloads once for each target.
  const runtime = /https:\/\/\S+\/(denort-[\w-]+\.zip)/.exec(output);
  if (runtime === null) return output.trim();
  return `Deno could not download its runtime, ${
    runtime[0]
  }; allow that, or set DENORT_BIN to the unpacked file`;
}

if (import.meta.main) {
  try {
    const options = parseCompile(Deno.args, Deno.build.os);
    await compile(options);
    const { size } = await Deno.stat(new URL(options.output, ROOT));
    console.log(`${options.output}: ${(size / 1e6).toFixed(0)} MB`);
  } catch (error) {
    console.error(`Cannot compile: ${error instanceof Error ? error.message : error}`);
    Deno.exit(error instanceof TypeError || error instanceof RangeError ? 2 : 1);
  }
}
