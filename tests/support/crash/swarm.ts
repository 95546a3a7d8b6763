/**
 * Short tasks, one after the other, each of which says on the standard output how it has ended.
 *
 * @module
 */

import { monitored, type MonitoredTask } from "../../../lib/monitored.ts";

/** What a swarm is. */
export interface Swarm {
  readonly client: string;
  /** What the ids of its tasks begin with. */
  readonly prefix: string;
  /** How many run at a time. */
  readonly width: number;
  /** How long each runs at most. */
  readonly lifeMs: number;
}

/**
 * An end waits for its commit for 2 s, and then no longer: who was told later than that was promised nothing. Shorter, as
 * the clock of this module starts a little later.
 */
const PROMISED_MS = 1_900;

const encoder = new TextEncoder();

/**
 * Runs a swarm until it is told to end. What was written to the standard output before the process is killed can be read
 * afterwards.
 *
 * @param swarm which tasks
 * @param signal ends it; what runs then goes on to its end
 * @param isConnected whether there was a monitor to promise anything, all the time since a task began
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

/** Writes a line at once: it is out of the process when this returns. */
function say(line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Waits; rejects with the reason of a signal that is aborted meanwhile. */
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
