/**
 * The messages between a writer and its worker, and the memory that they share.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { Durability } from "../store.ts";

/**
 * A request to the worker. The worker responds once to every request except `open`, in order. `check` writes nothing.
 */
export type WriterRequest =
  | {
    readonly type: "open";
    readonly file: string;
    readonly durability: Durability;
    readonly pastRuns: PastRunLimits;
    /** See {@linkcode CheckedWrites}. */
    readonly checked: SharedArrayBuffer;
  }
  | { readonly type: "write"; readonly batch: BatchMessage }
  | { readonly type: "check" }
  | { readonly type: "close" };

/**
 * A message from the worker: the response to a request, or `watch`, which the worker sends on its own if the file has
 * disappeared.
 */
export interface WriterAnswer {
  readonly to: "write" | "check" | "close" | "watch";
  /** The error message; `null` if the request succeeded. */
  readonly error: string | null;
}

/**
 * The number of the last write after which the file was still there, in memory that both threads share. A worker
 * responds to a write before it looks for the file, so that it looks while the response is on its way, which takes
 * several times as long. The receiver of the response therefore nearly always finds the number of the write here;
 * otherwise, it must send a `check`. Writes are counted from 1 for each worker, including those that failed.
 */
export class CheckedWrites {
  /** The memory to share. */
  readonly memory: SharedArrayBuffer;
  readonly #number: Int32Array;

  /** @param memory the memory of the other thread; by default, new memory */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#number = new Int32Array(memory);
  }

  /** Notes that the file was there after a write. */
  add(write: number): void {
    Atomics.store(this.#number, 0, write | 0);
  }

  /** Returns whether the given write is the last one after which the file was there. */
  has(write: number): boolean {
    return Atomics.load(this.#number, 0) === (write | 0);
  }
}
