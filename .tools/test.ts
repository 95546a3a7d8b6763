/**
 * Runs test files in parallel in several processes, and prints one summary.
 *
 * The runner's own flags: `--unit` leaves out `tests/e2e`, `--lanes=<n>` sets how many processes run at the
 * same time (by default, their number depends on how busy the machine is), `--no-check` skips type checking,
 * `--retry` runs the files that failed again, alone, and names those that then pass. Paths select files or
 * folders. All other flags, such as `--filter=<text>`, are passed to every `deno test`.
 *
 * @module
 */

import { NO_BROWSER, startSharedBrowser } from "./test/shared_browser.ts";
import { parseArguments } from "./test/arguments.ts";
import { findTestFiles, groupFiles, needBrowser } from "./test/files.ts";
import { IdleTime } from "./test/idle_time.ts";
import { Lanes } from "./test/lanes.ts";
import { checkTypes, type Outcome, runFiles, runInForeground } from "./test/processes.ts";
import { retryFailed } from "./test/retry.ts";
import { addTallies, formatTally } from "./test/tally.ts";

/** How many of the slowest processes the summary lists. */
const SLOWEST = 5;
/**
 * The interval at which the runner measures how idle the cores are, in milliseconds, and the share of idle
 * time above which it runs more tests.
 */
const LOOK_MS = 2_000;
const ENOUGH_IDLE = 0.4;

const started = performance.now();
const { paths, denoFlags, isUnit, lanes, spareLanes, checksTypes, retries } = parseArguments(Deno.args);
const files = await findTestFiles(paths, { isUnit });
if (files.length === 0) fail(`No test files in ${paths.join(" ")}`);
// The output of a single file is printed while its tests run, not at the end.
if (files.length === 1) Deno.exit(await runInForeground(files[0]!, denoFlags, checksTypes));

const outcomes: Outcome[] = [];
let hasTypeErrors = false;
await using browser = await needBrowser(files) ? await startSharedBrowser() : NO_BROWSER;
const idleTime = new IdleTime();
const pool = new Lanes(lanes, { count: spareLanes, wasIdle });

if (checksTypes) {
  pool.add(async () => {
    const errors = await checkTypes(files);
    if (errors === undefined) return;
    hasTypeErrors = true;
    print(errors);
    pool.abort();
  });
}
for (const group of groupFiles(files)) pool.add((lane) => run(group, lane));
await pool.drained();
const again = (files: readonly string[]) =>
  runFiles(files, denoFlags, { lane: 0, env: browser.env, signal: pool.signal });
const { outcomes: last, flaky } = retries && !pool.isAborted
  ? await retryFailed(outcomes, again)
  : { outcomes, flaky: [] };
summarise();

/** Waits for an interval; resolves with `true` if the machine was idle enough for more tests during it. */
async function wasIdle(): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return idleTime.share() >= ENOUGH_IDLE;
}

async function run(group: readonly string[], lane: number): Promise<void> {
  const outcome = await runFiles(group, denoFlags, { lane, env: browser.env, signal: pool.signal });
  if (pool.isAborted) return;
  outcomes.push(outcome);
  const { output, durationMs } = outcome;
  if (output !== "") print(`\n${nameOf(outcome)} (${seconds(durationMs)})\n${output}`);
}

/** Prints the summary, and the failures again, because the output of their process may be far up by now. */
function summarise(): void {
  const tally = addTallies(last.map((outcome) => outcome.tally));
  const failed = last.filter((outcome) => outcome.tally.failed > 0);
  for (const outcome of failed) print(`\nFAILED ${nameOf(outcome)}\n${outcome.details}`);
  for (const outcome of flaky) {
    print(`\nFLAKY, passed when run again alone: ${nameOf(outcome)}\n${outcome.details}`);
  }
  const slowest = last.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
  print(`\nSlowest: ${slowest.map((each) => `${nameOf(each)} ${seconds(each.durationMs)}`).join(", ")}`);
  const omitted = files.length - last.flatMap((outcome) => outcome.files).length;
  if (omitted > 0) print(`\n${omitted} of ${files.length} files were not run, because of the errors above`);
  const isComplete = !hasTypeErrors && omitted === 0;
  print(`\n${formatTally(tally, performance.now() - started, isComplete)}`);
  Deno.exitCode = isComplete && tally.failed === 0 ? 0 : 1;
}

function nameOf({ files: [first = "", ...others] }: Outcome): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function print(text: string): void {
  // deno-lint-ignore no-console -- the runner writes to the console by design
  console.log(text);
}

function fail(message: string): never {
  print(message);
  Deno.exit(1);
}
