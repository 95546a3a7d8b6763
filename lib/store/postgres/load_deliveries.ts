/**
 * Loads the queued deliveries of a PostgreSQL database.
 *
 * @module
 */

import type { Delivery } from "../store.ts";
import type { Connection } from "./connection.ts";

/**
 * Loads all deliveries, without their texts, in the order of {@linkcode Database.deliveries}.
 *
 * @throws {Error} of `pg`, if the query fails
 */
export async function loadDeliveries(connection: Connection): Promise<readonly Delivery[]> {
  const { rows } = await connection.query(
    `SELECT id, receiver, event, client, task_id, seq, at, size FROM taskscope.deliveries ORDER BY seq, queued`,
  );
  return rows.map(({ client, task_id, ...delivery }) => ({ ...delivery, task: { client, id: task_id } }));
}
