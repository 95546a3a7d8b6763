/**
 * Another isolate of the monitor's process, controlled by a test: runs tasks and replicates those of the
 * monitor.
 *
 * @module
 */

import { monitored } from "../../../lib/monitored.ts";
import { connectReplica, type Replica } from "../../../lib/replica.ts";
import { serveCommands } from "../../support/isolate.ts";
import { until } from "../../support/until.ts";

const replicas = new Map<string, Replica>();
const runs = new Map<string, { readonly done: Promise<unknown>; readonly cancel: () => void }>();
let floods: BroadcastChannel | undefined;
let floodsSeen = 0;

/** The task that the worker should run with {@linkcode startRun}. */
export interface RunOrder {
  readonly channel: string;
  readonly id: string;
  readonly kind: "count" | "wait" | "fail" | "log" | "unseen";
  readonly count?: number;
}

function startRun({ channel, id, kind, count = 0 }: RunOrder): void {
  const run = monitored(async (task) => {
    if (kind === "fail") throw new RangeError("broken in a worker");
    if (kind === "wait") {
      await new Promise((_, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
      });
    }
    for (let i = 0; i < count; i++) {
      if (kind === "log") task.log(`line ${i}`);
      await task.update({ current: i + 1, total: count });
    }
    return `${kind} ${count}`;
  }, { channel, id, name: kind }).start();
  runs.set(`${id} ${kind}`, run);
}

/** Returns all tasks of a replica as text, in a canonical order. */
function dump(channel: string): string {
  const replica = replicas.get(channel)!;
  return replica.clients().flatMap((client) =>
    replica.tasks(client).map((task) => `${client}/${task.id} ${JSON.stringify(task)}`)
  ).sort().join("\n");
}

serveCommands({
  async connect({ channel, timeoutMs }: { channel: string; timeoutMs?: number }) {
    replicas.get(channel)?.[Symbol.dispose]();
    replicas.set(channel, await connectReplica({ channel, ...(timeoutMs !== undefined && { timeoutMs }) }));
  },
  dump,
  size: (channel: string) => {
    const replica = replicas.get(channel)!;
    return replica.clients().reduce((sum, client) => sum + replica.tasks(client).length, 0);
  },
  cursor: (channel: string) => replicas.get(channel)!.cursor,
  /** Returns the contents of the replica once it has reached a cursor. */
  async dumpAt({ channel, epoch, seq }: { channel: string; epoch: string; seq: number }) {
    const replica = replicas.get(channel)!;
    await until(() => replica.cursor.epoch === epoch && replica.cursor.seq >= seq);
    return dump(channel);
  },
  start: startRun,
  async outcome(key: string) {
    const outcome = runs.get(key)!.done.catch((error) => `${error.name}: ${error.message}`);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise((resolve) => timer = setTimeout(resolve, 10_000, "did not end within 10 s"));
    return await Promise.race([outcome, tooLate]).finally(() => clearTimeout(timer));
  },
  /** Runs short tasks in sequence: starts each one when the call for the previous one has returned. */
  async repeat({ channel, count }: { channel: string; count: number }) {
    const run = monitored((_task, i: number) => i, { channel, name: "short" });
    let sum = 0;
    for (let i = 0; i < count; i++) sum += await run(i);
    return sum;
  },
  /** Runs short tasks that overlap: starts each one while the previous one waits for its commit. */
  async overlap({ channel, count }: { channel: string; count: number }) {
    const run = monitored((_task, i: number) => i, { channel, name: "short" });
    const results: Promise<number>[] = [];
    for (let i = 0; i < count; i++) {
      results.push(run(i));
      // The delays differ, so that the response to a task can arrive at any time during the next task.
      for (let turn = 0; turn < i % 8; turn++) await new Promise((resolve) => setTimeout(resolve));
    }
    return (await Promise.all(results)).reduce((sum, i) => sum + i, 0);
  },
  /** Counts the messages on an unrelated channel, to show how many of them this isolate loses. */
  listen(name: string) {
    floods = new BroadcastChannel(name);
    floods.onmessage = () => floodsSeen++;
  },
  floodsSeen: () => floodsSeen,
  /**
   * Sets the first number of the shared memory to 1, then blocks the isolate until the number is 2, for at
   * most ten seconds.
   */
  block(flag: SharedArrayBuffer) {
    const state = new Int32Array(flag);
    Atomics.store(state, 0, 1);
    Atomics.wait(state, 0, 1, 10_000);
  },
  close() {
    for (const replica of replicas.values()) replica[Symbol.dispose]();
    floods?.close();
  },
});
