/**
 * Counts the bytes that wait in the queues of event streams against a budget.
 *
 * @module
 */

import type { ByteBudget } from "../byte_budget.ts";

/** Smaller chunks are not counted, in bytes: the length of each queue bounds them, and they cost more to count. */
const SMALL_BYTES = 1_024;

/** The chunks that wait to be sent. A chunk in several queues is in memory once, and is counted once. */
export class UnsentChunks {
  readonly #budget: ByteBudget;
  /** The number of queues with each chunk. */
  readonly #queues: Map<Uint8Array, number> = new Map();

  /** @param budget the limit of what waits to be sent over all connections */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Counts a chunk in one more queue, and returns `true`, unless that exceeds the budget. */
  hold(chunk: Uint8Array): boolean {
    if (chunk.length < SMALL_BYTES) return true;
    const queues = this.#queues.get(chunk) ?? 0;
    if (queues === 0 && !this.#budget.take(chunk.length)) return false;
    this.#queues.set(chunk, queues + 1);
    return true;
  }

  /** Counts a chunk in one queue less. */
  release(chunk: Uint8Array): void {
    if (chunk.length < SMALL_BYTES) return;
    const queues = this.#queues.get(chunk)! - 1;
    if (queues > 0) {
      this.#queues.set(chunk, queues);
    } else {
      this.#queues.delete(chunk);
      this.#budget.release(chunk.length);
    }
  }
}
