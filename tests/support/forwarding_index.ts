/**
 * An index of tasks that forwards every read to another one; tests extend it to count or change some reads.
 *
 * @module
 */

import type { ChangesSince, StoredTask, TaskIndexReader } from "../../lib/store/store.ts";

/** Forwards every read to another index. */
export class ForwardingIndex implements TaskIndexReader {
  readonly #index: TaskIndexReader;

  /** @param index the index to forward to */
  constructor(index: TaskIndexReader) {
    this.#index = index;
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.#index.get(client, id);
  }

  isLeftOut(client: string, id: string): boolean {
    return this.#index.isLeftOut(client, id);
  }

  list(client: string): Iterable<StoredTask> {
    return this.#index.list(client);
  }

  count(client: string): number {
    return this.#index.count(client);
  }

  lastSeq(client: string): number {
    return this.#index.lastSeq(client);
  }

  changesSince(client: string, seq: number): ChangesSince | undefined {
    return this.#index.changesSince(client, seq);
  }

  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#index.allChangesSince(seq);
  }
}
