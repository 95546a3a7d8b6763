/**
 * Runs test files in parallel, each in a process of its own, and prints one summary.
 *
 * Own flags: `--unit` leaves out `tests/e2e`, `--lanes=<n>` sets how many files run at once, `--no-check` skips type
 * checking. Paths select files or folders. Other flags, such as `--filter=<text>`, go to every `deno test`.
 *
 * @module
 */

import { startSharedBrowser } from "./test/shared_browser.ts";
import { parseArguments } from "./test/arguments.ts";
import { findTestFiles, runsAlone, slowestFirst } from "./test/files.ts";
import { Lanes } from "./test/lanes.ts";
import { checkTypes, type Outcome, runFile, runInForeground } from "./test/processes.ts";
import { addTallies, formatTally } from "./test/tally.ts";

/** How many of the slowest files the summary names. */
const SLOWEST = 5;

const started = performance.now();
const { paths, denoFlags, isUnit, lanes, checksTypes } = parseArguments(Deno.args);
const files = slowestFirst(await findTestFiles(paths, { isUnit }));
if (files.length === 0) fail(`No test files in ${paths.join(" ")}`);
// The output of a single file is worth seeing while it runs.
if (files.length === 1) Deno.exit(await runInForeground(files[0]!, denoFlags, checksTypes));

const outcomes: Outcome[] = [];
let hasTypeErrors = false;
await using browser = await startSharedBrowser();
const pool = new Lanes(lanes);

if (checksTypes) {
  pool.add(async () => {
    const errors = await checkTypes(files);
    if (errors === undefined) return;
    hasTypeErrors = true;
    print(errors);
    pool.abort();
  });
}
for (const file of files.filter((file) => !runsAlone(file))) pool.add((lane) => run(file, lane));
await pool.drained();
for (const file of files.filter(runsAlone)) {
  if (!pool.isAborted) await run(file, 0);
}
summarise();

async function run(file: string, lane: number): Promise<void> {
  const outcome = await runFile(file, denoFlags, { lane, env: browser.env, signal: pool.signal });
  if (pool.isAborted) return;
  outcomes.push(outcome);
  const { output, durationMs } = outcome;
  if (output !== "") print(`\n${file} (${seconds(durationMs)})\n${output}`);
}

/** Prints the failures again, as each file's own output may be far up by now. */
function summarise(): void {
  const tally = addTallies(outcomes.map((outcome) => outcome.tally));
  const failed = outcomes.filter((outcome) => outcome.tally.failed > 0);
  for (const { file, details } of failed) print(`\nFAILED ${file}\n${details}`);
  const slowest = outcomes.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
  print(`\nSlowest: ${slowest.map(({ file, durationMs }) => `${file} ${seconds(durationMs)}`).join(", ")}`);
  if (failed.length > 0) print(`Failed: ${failed.map(({ file }) => file).join(" ")}`);
  print(`\n${formatTally(tally, performance.now() - started)}`);
  const isGood = !hasTypeErrors && tally.failed === 0 && outcomes.length === files.length;
  Deno.exitCode = isGood ? 0 : 1;
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
