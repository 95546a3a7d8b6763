/**
 * The messages between a writer and its worker.
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
