// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * Runs many reporters in one process, each with its own connection and task.
 *
 * @module
 */

import { RemoteSink } from "../../lib/remote/remote_sink.ts";
import { wrap } from "../../lib/reporter/wrap.ts";

/** Options of the process. */
export interface ReportersOrder {
  readonly url: string;
  /** The number of the first reporter. */
  readonly first: number;
  readonly count: number;
  /** How often each says something, and how much later each time, in milliseconds. */
  readonly updates: number;
  readonly intervalMs: number;
}

/** Updates between two lines of a log. */
export const UPDATES_PER_LINE = 10;

/** The id of a reporter's task. */
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
        // Spreads the starts.
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
