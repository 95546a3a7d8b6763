/**
 * Reads the messages that are to be delivered: those on disk, and what is not written yet.
 *
 * @module
 */

import type { Delivery } from "../store.ts";
import type { DatabaseFile } from "./database_file.ts";
import type { Writer } from "./writer.ts";

/** The reading side of the messages. Each is read when somebody asks for it. */
export class Deliveries {
  readonly #file: DatabaseFile;
  readonly #writer: Writer;

  /**
   * @param file where they are
   * @param writer what is on its way there
   */
  constructor(file: DatabaseFile, writer: Writer) {
    this.#file = file;
    this.#writer = writer;
  }

  /** All messages, without their texts, in the order of their numbers, and of one number as they were put. */
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

  /** The text of a message; `undefined` where there is none. */
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
