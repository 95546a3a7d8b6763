/**
 * Runs short tasks one after the other, each of which prints its outcome to the standard output.
 *
 * @module
 */

import { monitored, type MonitoredTask } from "../../../lib/monitored.ts";

/** Options of a swarm. */
export interface Swarm {
  readonly client: string;
  /** The prefix of its task ids. */
  readonly prefix: string;
  /** The number of concurrent tasks. */
  readonly width: number;
  /** The maximum duration of a task. */
  readonly lifeMs: number;
}

/**
 * `await monitored()` waits at most 2 s for the commit of an end, so a later outcome promises nothing. Shorter here, because
 * the clock of this module starts a little later.
 */
const PROMISED_MS = 1_900;

const encoder = new TextEncoder();

/**
 * Runs a swarm until its signal is aborted. Output written before the process is killed can still be read.
 * afterwards.
 *
 * @param swarm the swarm
 * @param signal ends it; running tasks continue to their end
 * @param isConnected whether a monitor was connected during the whole run of a task
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

/** Writes a line synchronously: it has left the process on return. */
function say(line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Waits; rejects with the reason of the signal if it is aborted meanwhile. */
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
