/**
 * Reads the messages that are queued for delivery, whether they are on disk or not written yet.
 *
 * @module
 */

import type { Delivery } from "../store.ts";
import type { DatabaseFile } from "./database_file.ts";
import type { Writer } from "./writer.ts";

/** Reads queued messages on demand. A message is not kept in memory once it is on disk. */
export class Deliveries {
  readonly #file: DatabaseFile;
  readonly #writer: Writer;

  /**
   * @param file the database
   * @param writer the writer, which holds the messages that are not on disk yet
   */
  constructor(file: DatabaseFile, writer: Writer) {
    this.#file = file;
    this.#writer = writer;
  }

  /** Returns all messages without their texts, ordered by sequence number, then by when they were queued. */
  deliveries(): readonly Delivery[] {
    const rows = this.#file.all(
      `SELECT id, receiver, event, client, task_id, seq, at, size FROM deliveries ORDER BY seq, rowid`,
    );
    const all = new Map(rows.map((row) => {
      const { id, receiver, event, client, task_id, seq, at, size } = row;
      const task = { client, id: task_id };
      return [String(id), { id, receiver, event, task, seq, at, size } as unknown as Delivery];
    }));
    for (const { deliveries, removedDeliveries } of this.#writer.unsaved) {
      for (const [id, { delivery }] of deliveries) all.set(id, delivery);
      for (const id of removedDeliveries) all.delete(id);
    }
    return [...all.values()];
  }

  /** Returns the text of a message; `undefined` if there is no such message. */
  text(id: string): string | undefined {
    for (const { deliveries, removedDeliveries } of [...this.#writer.unsaved].reverse()) {
      if (removedDeliveries.has(id)) return undefined;
      const known = deliveries.get(id);
      if (known !== undefined) return known.text;
    }
    const row = this.#file.get("SELECT text FROM deliveries WHERE id = ?", id);
    return row === undefined ? undefined : String(row.text);
  }
}
