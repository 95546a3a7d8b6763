/**
 * What a store and its writing worker say to each other.
 *
 * @module
 */

import type { BatchMessage } from "./batch.ts";
import type { Durability } from "../store.ts";

/** What the store asks of the worker. All but the first, which opens the file, are answered once, in order. */
export type WriterRequest =
  | { readonly type: "open"; readonly file: string; readonly durability: Durability }
  | { readonly type: "write"; readonly batch: BatchMessage }
  | { readonly type: "close" };

/** The worker's answer. */
export type WriterAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string };
