/**
 * Coalesces the reported updates of a task until its node can send them.
 *
 * @module
 */

import { byteLength } from "../../task/byte_length.ts";
import { LIMITS } from "../../task/grammar.ts";
import type { JsonObject, UpdateChange } from "../../task/task.ts";
import { ValueBook } from "../../task/value_book.ts";

/**
 * The updates of one task that are not sent yet, merged into one within the limits of one report: the newest value of
 * each field, all keys of the metadata, and the points of all series of values. If a series has too many points, some
 * are dropped, but never the lowest and the highest.
 */
export class HeldUpdate {
  #at = 0;
  #fields: UpdateChange = { type: "update" };
  #metadata: JsonObject | undefined;
  #values: ValueBook | undefined;

  /** When the newest update was reported, in epoch seconds. */
  get at(): number {
    return this.#at;
  }

  /** The merged update. */
  get change(): UpdateChange {
    return {
      ...this.#fields,
      ...(this.#metadata !== undefined && { metadata: this.#metadata }),
      ...(this.#values !== undefined && { values: this.#values.byName }),
    };
  }

  /**
   * Merges an update.
   *
   * @param at when the update was reported, in epoch seconds
   * @param change the update, whose fields are valid
   */
  add(at: number, { metadata, values, ...fields }: UpdateChange): void {
    this.#at = at;
    this.#fields = { ...this.#fields, ...fields };
    if (metadata !== undefined) this.#patch(metadata);
    if (values !== undefined) (this.#values ??= new ValueBook(LIMITS.unsentValuePoints)).add(values, at);
  }

  /**
   * Merges a patch of the metadata. A key that is `null` is kept, because it removes the key from the record. A patch
   * with which the update would exceed the limit of one report is ignored; the record would ignore it too.
   */
  #patch(patch: JsonObject): void {
    const merged = { ...this.#metadata, ...patch };
    if (byteLength(JSON.stringify(merged)) <= LIMITS.metadataBytes) this.#metadata = merged;
  }
}
