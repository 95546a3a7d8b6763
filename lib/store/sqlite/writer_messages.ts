/**
 * The messages between a writer and its worker.
 *
 * @module
 */

import type { BatchMessage } from "./batch.ts";
import type { Durability } from "../store.ts";

/** A request to the worker. Every request but `open` is answered once, in order. */
export type WriterRequest =
  | { readonly type: "open"; readonly file: string; readonly durability: Durability }
  | { readonly type: "write"; readonly batch: BatchMessage }
  | { readonly type: "close" };

/** The worker's answer. */
export type WriterAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string };
