/**
 * Reads the records of ended tasks from a PostgreSQL database.
 *
 * @module
 */

import type { MaybePromise } from "../../task/maybe_promise.ts";
import { summaryOf } from "../../task/task.ts";
import type { SideRow } from "../side_tables.ts";
import type { StoredTask, TaskRecord } from "../store.ts";
import { TaskInMemory } from "../task_in_memory.ts";
import type { QueryConfig } from "./pg.d.ts";
import { RecordCache } from "./record_cache.ts";
import { ReadTask, TaskInDatabase } from "./task_in_database.ts";

/** The maximum number of records that one query reads. */
const ROWS = 1_000;

/** Reads records, several with one query, and caches them. */
export class PostgresRecords {
  readonly #read: (query: QueryConfig) => Promise<readonly SideRow[]>;
  readonly #cache: RecordCache;

  /**
   * @param read runs a query whose rows are arrays
   * @param cacheCharacters the maximum size of the cache
   */
  constructor(read: (query: QueryConfig) => Promise<readonly SideRow[]>, cacheCharacters: number) {
    this.#read = read;
    this.#cache = new RecordCache(cacheCharacters);
  }

  /**
   * Returns the object to keep in memory for an ended task whose record is committed; the record goes into the cache.
   */
  ended(place: number, stored: TaskRecord): StoredTask {
    const { id, task, seq, json } = stored;
    this.#cache.put(place, new ReadTask(id, seq, json));
    return new TaskInDatabase(place, summaryOf(task), seq);
  }

  /** Returns a task with its record; `null` if the record must be read. */
  atHand(stored: StoredTask): TaskRecord | null {
    if (stored instanceof TaskInDatabase) return this.#cache.get(stored.place, stored.seq);
    return stored instanceof TaskInMemory ? stored : null;
  }

  /**
   * Returns tasks with their records; reads the records that are not in memory. Tasks that were purged are left out.
   *
   * @throws {StorageError} if they cannot be read
   */
  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    const found = tasks.map((stored) => this.atHand(stored));
    return found.every((record) => record !== null) ? found : this.#readMissing(tasks, found);
  }

  /** Drops the record of a task that was purged. */
  purged(place: number): void {
    this.#cache.delete(place);
  }

  async #readMissing(
    tasks: readonly StoredTask[],
    found: (TaskRecord | null)[],
  ): Promise<readonly TaskRecord[]> {
    const missing = tasks.flatMap((stored, index) =>
      found[index] === null && stored instanceof TaskInDatabase ? [{ stored, index }] : []
    );
    for (let start = 0; start < missing.length; start += ROWS) {
      const some = new Map(missing.slice(start, start + ROWS).map((each) => [each.stored.place, each]));
      const rows = await this.#read({
        name: "records",
        text: "SELECT place, seq, record FROM taskscope.tasks WHERE place = ANY($1)",
        values: [[...some.keys()]],
      });
      for (const [place, seq, json] of rows) {
        const { stored, index } = some.get(Number(place))!;
        const record = new ReadTask(stored.id, Number(seq), String(json));
        found[index] = record;
        // A very long list is not cached, because it would displace records that are read more often.
        if (missing.length <= ROWS) this.#cache.put(Number(place), record);
      }
    }
    return found.filter((record) => record !== null);
  }
}
