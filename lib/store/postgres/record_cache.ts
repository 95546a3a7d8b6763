/**
 * Caches the records of ended tasks that were read, or have just ended.
 *
 * @module
 */

import type { TaskRecord } from "../store.ts";

/** A bounded cache, which drops the least recently used records first. */
export class RecordCache {
  readonly #most: number;
  /** The records by the places of their tasks, least recently used first. */
  readonly #records: Map<number, TaskRecord> = new Map();
  #characters = 0;

  /** @param most the maximum number of characters; the record that was added last is kept even if it is longer */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Returns a record.
   *
   * @param place the task's place in the order of creation
   * @param seq the sequence number of a change of the task; a cached record of an earlier change is not returned
   */
  get(place: number, seq: number): TaskRecord | null {
    const record = this.#records.get(place);
    if (record === undefined || record.seq < seq) return null;
    this.#records.delete(place);
    this.#records.set(place, record);
    return record;
  }

  /** Adds a record, unless the cache has a newer one of the task. */
  put(place: number, record: TaskRecord): void {
    const known = this.#records.get(place);
    if (known !== undefined && known.seq > record.seq) return;
    this.delete(place);
    this.#records.set(place, record);
    this.#characters += record.json.length;
    for (const oldest of this.#records.keys()) {
      if (this.#characters <= this.#most || oldest === place) break;
      this.delete(oldest);
    }
  }

  /** Drops a record, if the cache has it. */
  delete(place: number): void {
    const known = this.#records.get(place);
    if (known === undefined) return;
    this.#records.delete(place);
    this.#characters -= known.json.length;
  }
}
