/**
 * Parses the command line of the test runner.
 *
 * @module
 */

/** The parsed command line of the test runner. */
export interface TestArguments {
  /** The files and folders with the tests to run; empty to run all tests. */
  readonly paths: readonly string[];
  /** The flags that are passed to each `deno test`. */
  readonly denoFlags: readonly string[];
  /** Whether the tests in `tests/e2e` are left out. */
  readonly isUnit: boolean;
  /** The number of processes that run at the same time. */
  readonly lanes: number;
  /** The number of additional processes that may run while the machine is idle. */
  readonly spareLanes: number;
  readonly checksTypes: boolean;
  /** Whether files that fail are run again, alone. */
  readonly retries: boolean;
}

/**
 * The maximum number of processes at the same time; equals the number of port ranges in
 * `tests/support/free_port.ts`.
 */
const MOST_LANES = 8;

/** The flags of `deno test` whose value may be the next argument. */
const FLAGS_WITH_VALUE = new Set(["--filter", "--config", "--lock", "--reporter"]);

/**
 * Parses the arguments of the test runner.
 *
 * @param args the command-line arguments
 * @param cores the number of cores of the machine
 * @returns the tests to run, and how to run them
 */
export function parseArguments(
  args: readonly string[],
  cores: number = navigator.hardwareConcurrency,
): TestArguments {
  const paths: string[] = [];
  const denoFlags: string[] = [];
  let isUnit = false;
  let checksTypes = true;
  let retries = false;
  // More processes than cores are worthwhile, because tests wait more than they compute.
  let lanes = Math.min(2 * cores, MOST_LANES);
  let spareLanes = MOST_LANES - lanes;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === "--unit") isUnit = true;
    else if (arg === "--no-check") checksTypes = false;
    else if (arg === "--retry") retries = true;
    else if (arg.startsWith("--lanes=")) {
      lanes = Math.max(1, Number(arg.slice("--lanes=".length)) || 1);
      spareLanes = 0;
    } else if (FLAGS_WITH_VALUE.has(arg)) denoFlags.push(`${arg}=${args[++index] ?? ""}`);
    else if (arg.startsWith("-")) denoFlags.push(arg);
    else paths.push(arg);
  }
  return { paths, denoFlags, isUnit, lanes, spareLanes, checksTypes, retries };
}
