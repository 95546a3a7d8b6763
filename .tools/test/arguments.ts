/**
 * Parses the command line of the test runner.
 *
 * @module
 */

/** What to run, and how. */
export interface TestArguments {
  /** Files and folders to run; empty for all. */
  readonly paths: readonly string[];
  /** Flags for each `deno test`. */
  readonly denoFlags: readonly string[];
  /** Whether `tests/e2e` is left out. */
  readonly isUnit: boolean;
  /** How many files run at once. */
  readonly lanes: number;
  readonly checksTypes: boolean;
}

/** Flags of `deno test` whose value may be the next argument. */
const FLAGS_WITH_VALUE = new Set(["--filter", "--config", "--lock", "--reporter"]);

/**
 * Parses the arguments of the test runner.
 *
 * @param args the command line
 * @param cores how many cores the machine has
 * @returns what to run
 */
export function parseArguments(
  args: readonly string[],
  cores: number = navigator.hardwareConcurrency,
): TestArguments {
  const paths: string[] = [];
  const denoFlags: string[] = [];
  let isUnit = false;
  let checksTypes = true;
  // Tests wait more than they compute.
  let lanes = Math.min(2 * cores, 8);
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === "--unit") isUnit = true;
    else if (arg === "--no-check") checksTypes = false;
    else if (arg.startsWith("--lanes=")) lanes = Math.max(1, Number(arg.slice("--lanes=".length)) || 1);
    else if (FLAGS_WITH_VALUE.has(arg)) denoFlags.push(`${arg}=${args[++index] ?? ""}`);
    else if (arg.startsWith("-")) denoFlags.push(arg);
    else paths.push(arg);
  }
  return { paths, denoFlags, isUnit, lanes, checksTypes };
}
