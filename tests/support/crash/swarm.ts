/**
 * Runs short tasks one after the other, and prints the outcome of each to standard output.
 *
 * @module
 */

import { monitored, type MonitoredTask } from "../../../lib/monitored.ts";

/** The short tasks that {@linkcode runSwarm} runs. */
export interface Swarm {
  readonly client: string;
  /** The prefix of the ids of the tasks. */
  readonly prefix: string;
  /** The number of concurrent tasks. */
  readonly width: number;
  /** The maximum duration of a task, in milliseconds. */
  readonly lifeMs: number;
}

/**
 * The time after the end of a task within which the caller must learn its outcome, in milliseconds; a later
 * outcome does not guarantee a commit, because a monitored function waits for the commit for at most 2 s. The
 * difference of 100 ms is a margin.
 */
const PROMISED_MS = 1_900;

const encoder = new TextEncoder();

/**
 * Runs a swarm until its signal is aborted. Lines that the swarm printed before the process was killed can be
 * read afterwards.
 *
 * @param swarm the tasks to run
 * @param signal stops the swarm from starting tasks; those that run continue until they end
 * @param isConnected returns whether a monitor has been connected since a time, in milliseconds of `performance.now()`
 */
export async function runSwarm(
  { client, prefix, width, lifeMs }: Swarm,
  signal: AbortSignal,
  isConnected: (sinceMs: number) => boolean = () => true,
): Promise<void> {
  await Promise.all(Array.from({ length: width }, async (_, lane) => {
    for (let n = 0; !signal.aborted; n++) {
      const id = `${prefix}.${lane}.${n}`;
      const begunMs = performance.now();
      let endedMs = Infinity;
      const run = monitored(async (task: MonitoredTask) => {
        try {
          return await act(task, Math.random() * lifeMs, n % 3 === 0);
        } finally {
          endedMs = performance.now();
        }
      }, { name: "inner", client, id });
      const end = await run().then(
        (result) => `FINISHED ${JSON.stringify(result)}`,
        (error: Error) => error.message === "The task was cancelled" ? "CANCELLED" : `ERROR ${error.message}`,
      );
      const isPromised = performance.now() - endedMs < PROMISED_MS && isConnected(begunMs);
      if (isPromised) say(`ack ${client} ${id} ${end}`);
    }
  }));
}

async function act(task: MonitoredTask, lifeMs: number, fails: boolean): Promise<unknown> {
  task.log(`${task.id} line 1`);
  await task.update({ progress: 50, status: "half" });
  await pause(lifeMs, task.signal);
  if (fails) throw new TypeError(`Task ${task.id} went wrong`);
  return { id: task.id, lifeMs };
}

/** Writes a line synchronously: when this returns, the line has left the process. */
function say(line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Waits for a time; rejects with the reason of the signal if the signal is aborted before. */
export function pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
