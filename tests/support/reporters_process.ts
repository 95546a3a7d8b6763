// deno-lint-ignore-file no-console -- the test reads the output
/**
 * Runs many reporters in one process, each with its own connection and task.
 *
 * @module
 */

import { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { wrap } from "../../lib/reporter/wrap.ts";

/** Options of the process, passed as JSON in its first argument. */
export interface ReportersOrder {
  readonly url: string;
  /** The number of the first reporter, from which the others are counted. */
  readonly first: number;
  readonly count: number;
  /** The number of updates that each reporter sends. */
  readonly updates: number;
  /** The time between two updates of a reporter, in milliseconds. */
  readonly intervalMs: number;
}

/** The number of updates after which a reporter logs a line. */
export const UPDATES_PER_LINE = 10;

/** Returns the id of a reporter's task. */
export function reporterTask(index: number): string {
  return `reporter-${index}`;
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));

async function main({ url, first, count, updates, intervalMs }: ReportersOrder): Promise<void> {
  const runs = Array.from({ length: count }, async (_, offset) => {
    const index = first + offset;
    const sink = new RemoteSink(url);
    const counting = wrap(
      async (task) => {
        // Starts the reporters one after the other within one interval.
        await pause(((offset + 1) / count) * intervalMs);
        const startMs = performance.now();
        for (let n = 1; n <= updates; n++) {
          void task.update({ current: n, total: updates, status: `at ${n}` });
          if (n % UPDATES_PER_LINE === 0) task.log(`line ${n}`);
          await pause(Math.max(0, startMs + n * intervalMs - performance.now()));
        }
        return updates;
      },
      { name: "counting", client: "soak", id: reporterTask(index), metadata: { run: index } },
      () => sink,
    );
    await counting();
  });
  await Promise.all(runs);
  console.log("all have ended");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
