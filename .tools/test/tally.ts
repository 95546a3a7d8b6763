/**
 * Reads the output of `deno test`: how many tests passed and failed, and why.
 *
 * @module
 */

/** The number of tests with each result. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** The parsed output of one `deno test`. */
export interface ReadOutput {
  readonly tally: Tally;
  /** The lines about the tests, without the summary; empty if no test ran. */
  readonly output: string;
  /** The lines that describe the failures; empty if there are none. */
  readonly details: string;
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.*$/m;
const NOISE = /^(?:running 0 tests from .*|error: Test failed)$/;

/**
 * Parses the output of `deno test`.
 *
 * @param text the stdout and stderr of `deno test`
 * @param code the exit status; if it is not 0 although no test failed, that counts as one failure
 * @returns the numbers of tests, and the lines to print
 */
export function readOutput(text: string, code: number): ReadOutput {
  // deno-lint-ignore no-control-regex -- colours are control characters
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "").replace(/\n*Stack backtrace:\n[^]*$/, "\n");
  const summary = SUMMARY.exec(plain)?.[0] ?? "";
  const counted = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  const [passed, failed, ignored] = [counted("passed"), counted("failed"), counted("ignored")];
  const tally = { passed, failed: failed === 0 && code !== 0 ? 1 : failed, ignored };
  const lines = plain.split("\n").filter((line) => line !== summary && !NOISE.test(line)).join("\n").trim();
  const end = lines.indexOf("\n ERRORS \n");
  const hasDetails = tally.failed > 0 && end >= 0;
  return {
    tally,
    output: passed + tally.failed + ignored === 0 ? "" : hasDetails ? lines.slice(0, end).trim() : lines,
    details: hasDetails ? lines.slice(end).trim() : tally.failed > 0 ? lines : "",
  };
}

/** Adds up the tallies of several processes. */
export function addTallies(tallies: readonly Tally[]): Tally {
  return tallies.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    ignored: sum.ignored + each.ignored,
  }), { passed: 0, failed: 0, ignored: 0 });
}

/**
 * Formats the summary as `deno test` does, so that tools that parse its output can parse this one, too.
 *
 * @param tally the sum of all processes
 * @param durationMs the duration of the whole run, in milliseconds
 * @param isComplete whether all files were run and have the right types; otherwise, the run has failed
 */
export function formatTally(
  { passed, failed, ignored }: Tally,
  durationMs: number,
  isComplete: boolean,
): string {
  const total = Math.round(durationMs / 1000);
  const parts = [isComplete && failed === 0 ? "ok" : "FAILED", `${passed} passed`, `${failed} failed`];
  if (ignored > 0) parts.push(`${ignored} ignored`);
  return `${parts.join(" | ")} (${Math.floor(total / 60)}m${total % 60}s)`;
}
