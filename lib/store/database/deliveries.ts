/**
 * Reads the messages that are queued for delivery, no matter whether they are in the database or not written yet.
 *
 * @module
 */

import type { Delivery } from "../store.ts";
import type { Database } from "./database.ts";
import type { Writer } from "./writer.ts";

/** Reads queued messages on demand. The text of a message is not kept in memory once it is written. */
export class Deliveries {
  readonly #database: Pick<Database, "deliveries" | "deliveryText">;
  readonly #writer: Writer;

  /**
   * @param database the database
   * @param writer the writer, which holds the messages that are not written yet
   */
  constructor(database: Pick<Database, "deliveries" | "deliveryText">, writer: Writer) {
    this.#database = database;
    this.#writer = writer;
  }

  /** Returns all messages without their texts, ordered by sequence number, then by when they were queued. */
  deliveries(): readonly Delivery[] {
    const all = new Map(this.#database.deliveries().map((delivery) => [delivery.id, delivery]));
    for (const { deliveries, removedDeliveries } of this.#writer.unsaved) {
      for (const [id, { delivery }] of deliveries) all.set(id, delivery);
      for (const id of removedDeliveries) all.delete(id);
    }
    return [...all.values()];
  }

  /** Returns the text of a message; `undefined` if there is no such message. */
  async text(id: string): Promise<string | undefined> {
    for (const { deliveries, removedDeliveries } of [...this.#writer.unsaved].reverse()) {
      if (removedDeliveries.has(id)) return undefined;
      const known = deliveries.get(id);
      if (known !== undefined) return known.text;
    }
    return await this.#database.deliveryText(id);
  }
}
