/**
 * Runs failed test files again, to distinguish tests that fail only under load from tests that always fail.
 *
 * @module
 */

import type { Outcome } from "./processes.ts";

/** The number of failed processes beyond which none is run again: then the code is wrong, not the machine busy. */
export const MOST_RETRIES = 6;

/** The outcomes after the retries. */
export interface Retried {
  /** The last outcome of each process. */
  readonly outcomes: readonly Outcome[];
  /** The first outcomes of the processes that passed when they were run again. */
  readonly flaky: readonly Outcome[];
}

/**
 * Runs each failed process once more, one at a time.
 *
 * @param outcomes the outcomes of all processes
 * @param run runs the files of a process again
 * @returns the outcomes that count, and those that changed
 */
export async function retryFailed(
  outcomes: readonly Outcome[],
  run: (files: readonly string[]) => Promise<Outcome>,
): Promise<Retried> {
  if (outcomes.filter(hasFailed).length > MOST_RETRIES) return { outcomes, flaky: [] };
  const last: Outcome[] = [];
  const flaky: Outcome[] = [];
  for (const outcome of outcomes) {
    const again = hasFailed(outcome) ? await run(outcome.files) : outcome;
    last.push(again);
    if (hasFailed(outcome) && !hasFailed(again)) flaky.push(outcome);
  }
  return { outcomes: last, flaky };
}

function hasFailed({ tally }: Outcome): boolean {
  return tally.failed > 0;
}
