/**
 * A store in memory whose records of ended tasks must be read, like those in a database server.
 *
 * @module
 */

import { DEFAULT_LIMITS } from "../../lib/config/limits.ts";
import { MemoryStore } from "../../lib/store/memory/memory_store.ts";
import type { StoredTask, TaskRecord } from "../../lib/store/store.ts";
import type { MaybePromise } from "../../lib/task/maybe_promise.ts";
import { isFinal } from "../../lib/task/task.ts";

/** A store whose reads a test holds back. */
export class SlowRecords extends MemoryStore {
  /** The tasks that were purged, whose records cannot be read any more. */
  readonly purged: Set<string> = new Set();
  readonly #waiting: PromiseWithResolvers<void>[] = [];

  constructor() {
    super(DEFAULT_LIMITS, "first");
  }

  /** The number of reads that are held back. */
  get reads(): number {
    return this.#waiting.length;
  }

  /**
   * Lets reads succeed, or fail with an error; resolves when their results were used.
   *
   * @param error the error, if they fail
   * @param from the number of reads that still wait
   */
  async release(error?: Error, from = 0): Promise<void> {
    for (const { resolve, reject } of this.#waiting.splice(from)) {
      if (error === undefined) resolve();
      else reject(error);
    }
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  override atHand(stored: StoredTask): TaskRecord | null {
    return isFinal(stored.summary.state) ? null : super.atHand(stored);
  }

  override records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    if (tasks.every((stored) => this.atHand(stored) !== null)) return super.records(tasks);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    return waiting.promise.then(() => (tasks as TaskRecord[]).filter(({ id }) => !this.purged.has(id)));
  }
}
