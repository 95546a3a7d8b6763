/**
 * Opens a registry with the tasks that the store of another registry would have after a crash.
 *
 * @module
 */

import { atHand } from "./at_hand.ts";
import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import type { Registry } from "../../lib/registry/registry.ts";
import { MemoryStore } from "../../lib/store/memory/memory_store.ts";
import type { EndedTask, OpenedTask, OpenedTasks, TaskRecord } from "../../lib/store/store.ts";
import { isFinal } from "../../lib/task/task.ts";
import { TestRegistry } from "./registry.ts";

/** A store in memory with the tasks of another registry, as a store on disk has them after a crash. */
class ReopenedStore extends MemoryStore {
  readonly #live: OpenedTask[] = [];
  readonly #ended: (EndedTask & { readonly seq: number })[] = [];

  /**
   * @param before the registry that crashed
   * @param seq the highest sequence number that may have been used before the crash
   */
  constructor(before: Registry, seq: number) {
    super(DEFAULT_LIMITS, before.cursor.epoch);
    const all: { client: string; stored: TaskRecord }[] = before.clients()
      .flatMap((client) => [...before.list(client)].map((stored) => ({ client, stored: atHand(stored) })));
    for (const { client, stored } of all.toSorted((a, b) => a.stored.seq - b.stored.seq)) {
      this.put(client, stored);
      const { id, state, finished_at } = stored.task;
      if (!isFinal(state)) this.#live.push({ client, id, progress: [] });
      else this.#ended.push({ client, id, endedAt: finished_at!, seq: stored.seq });
    }
    while (this.seq < seq) this.takeSeq();
  }

  override takeOpened(): OpenedTasks {
    return { live: this.#live, ended: this.#ended };
  }
}

/**
 * Opens a registry with the tasks of another registry, as after a crash of the other.
 *
 * @param before the registry that crashed
 * @param seq the highest sequence number that may have been used before the crash
 * @param limits limits that differ from the defaults
 */
export function reopened(
  before: TestRegistry,
  seq: number,
  limits: Partial<MonitorLimits> = {},
): TestRegistry {
  return new TestRegistry(limits, "first", new ReopenedStore(before.registry, seq));
}
