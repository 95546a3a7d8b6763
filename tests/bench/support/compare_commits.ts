/**
 * Compares changes that a server commits with a bare database that stores the same rows.
 *
 * @module
 */

import type { DurableOrder, DurableRun } from "../servers/durable.ts";
import { alternate, PAIRS, type Pairs, verify } from "./harness.ts";
import { CLIENT } from "./records.ts";
import type { Remote } from "./remote.ts";

const TASKS: readonly string[] = Array.from({ length: 1_000 }, (_, index) => `task-${index}`);
const LATENCIES_PER_ROUND = { count: 100, intervalMs: 10 };

/** What to compare. */
export interface CommitComparison {
  /** The server. */
  readonly ours: Remote;
  /** Starts the bare database, which stores copies of a record. */
  readonly startBare: (record: string) => Promise<Remote>;
  /** The number of changes of each run. */
  readonly changes: number;
  /** Returns the number of rows of history that the server has stored. */
  readonly rows: () => number | Promise<number>;
}

/** The results of {@linkcode compareCommits}. */
export interface CommitFigures {
  /** The changes per second. */
  readonly pairs: Pairs;
  /** How long single changes took, in milliseconds. */
  readonly latencies: { readonly ours: readonly number[]; readonly bare: readonly number[] };
}

/** Measures many changes that are not coalesced, and the latency of single changes. */
export async function compareCommits(
  { ours, startBare, changes, rows }: CommitComparison,
): Promise<CommitFigures> {
  await ours.call("begin", TASKS);
  const response = await fetch(`http://127.0.0.1:${ours.port}/tasks/${CLIENT}/${TASKS[0]}`);
  await using bare = await startBare(await response.text());
  let perCommit = changes;
  const pairs = await alternate(
    async () => {
      const order: DurableOrder = { tasks: TASKS, changes };
      const before = await rows();
      const { elapsedMs, commits } = await ours.call<DurableRun>("changeDurably", order);
      verify("rows of history", changes, await rows() - before);
      perCommit = Math.ceil(changes / commits);
      return changes / (elapsedMs / 1000);
    },
    async () => {
      const order = { tasks: TASKS.length, changes, perCommit };
      return changes / (await bare.call<number>("write", order) / 1000);
    },
  );
  const latencies = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < PAIRS; index++) {
    latencies.ours.push(...await ours.call<number[]>("commitLatencies", LATENCIES_PER_ROUND));
    latencies.bare.push(...await bare.call<number[]>("latencies", LATENCIES_PER_ROUND));
  }
  return { pairs, latencies };
}
