// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * A program that prints how many bytes of memory one watcher takes after it has received its first messages, for each
 * kind of watcher. All tasks change between two watchers, so each watcher receives another state.
 */

import { Hub } from "../../../lib/hub/hub.ts";
import type { Watcher } from "../../../lib/hub/watcher.ts";
import { atHand } from "../../support/at_hand.ts";
import { TestRegistry } from "../../support/registry.ts";
import { SlowRecords } from "../../support/slow_records.ts";

const WATCHERS = 200;
/** The number of watchers that join before the measurement, so that code and caches are not counted. */
const EARLIER = 50;
const TASKS = Array.from({ length: 10 }, (_, index) => `task-${index}`);
/** Almost the limit of the metadata of a task. */
const METADATA_CHARACTERS = 16_000;

const { gc } = globalThis as unknown as { readonly gc: () => void };

class IdleWatcher implements Watcher {
  readonly saturated = false;
  received = 0;
  send(): void {
    this.received++;
  }
  end(): void {}
  fail(error: unknown): void {
    throw error;
  }
}

type Watch = (hub: Hub, test: TestRegistry, watcher: Watcher) => () => void;

const KINDS: Readonly<Record<string, Watch>> = {
  states: (hub, _, watcher) => hub.watch("c", watcher, "full", null),
  changes: (hub, _, watcher) => hub.watch("c", watcher, "delta", null),
  "missed changes": (hub, { registry }, watcher) => {
    const { epoch, seq } = registry.cursor;
    return hub.watch("c", watcher, "delta", { epoch, seq: seq - TASKS.length });
  },
  events: (hub, _, watcher) => hub.watchEvents("c", watcher, null),
  "a task": (hub, test, watcher) => hub.watchTask("c", taskOf(test), watcher),
  "events of a task": (hub, test, watcher) => hub.watchTaskEvents("c", taskOf(test), watcher, null),
};

function taskOf({ registry }: TestRegistry) {
  return atHand(registry.stored("c", TASKS[0]!));
}

/**
 * Returns the number of bytes per watcher.
 *
 * @param watch adds a watcher
 * @param mustRead whether the first messages must be read from the store
 */
async function bytesPerWatcher(watch: Watch, mustRead: boolean): Promise<number> {
  const store = new SlowRecords();
  using test = new TestRegistry({}, "first", store);
  using hub = new Hub(test.registry, { frameIntervalMs: 0, fullStateBytesPerSecond: 1e12 });
  for (const id of TASKS) test.begin("c", id);
  if (mustRead) test.run("c", "ended");
  const watchers: { readonly watcher: IdleWatcher; readonly stop: () => void }[] = [];
  const join = async (round: number) => {
    const text = `${round} `.padEnd(METADATA_CHARACTERS, "x");
    for (const id of TASKS) test.report("c", id, { type: "update", metadata: { text } });
    // The recorded changes would keep the old records in memory.
    test.events.length = 0;
    await store.release();
    await hub.flush();
    const watcher = new IdleWatcher();
    watchers.push({ watcher, stop: watch(hub, test, watcher) });
    await store.release();
    await hub.flush();
    if (watcher.received !== 1) throw new Error(`${watcher.received} messages were received instead of 1`);
  };
  for (let round = 0; round < EARLIER; round++) await join(round);
  gc();
  const before = Deno.memoryUsage().heapUsed;
  for (let round = 0; round < WATCHERS; round++) await join(EARLIER + round);
  gc();
  const bytes = (Deno.memoryUsage().heapUsed - before) / WATCHERS;
  for (const { stop } of watchers) stop();
  return Math.round(bytes);
}

const bytes: Record<string, number> = {};
for (const [name, watch] of Object.entries(KINDS)) {
  bytes[name] = await bytesPerWatcher(watch, false);
  bytes[`${name}, read from the store`] = await bytesPerWatcher(watch, true);
}
console.log(JSON.stringify(bytes));
