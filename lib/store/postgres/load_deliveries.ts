/**
 * Loads the queued deliveries of a PostgreSQL database.
 *
 * @module
 */

import type { Delivery } from "../store.ts";
import type { Connection } from "./connection.ts";

/**
 * Loads deliveries, without their texts, in the order of {@linkcode Database.deliveries}.
 *
 * @param shard the shard of the tasks that the deliveries are about; `null` to load the deliveries of all shards
 * @throws {Error} of `pg`, if the query fails
 */
export async function loadDeliveries(
  connection: Connection,
  shard: number | null = null,
): Promise<readonly Delivery[]> {
  const ofShard = shard === null ? "" : "WHERE taskscope.shard_of(client) = $1";
  const { rows } = await connection.query({
    text: `SELECT id, receiver, event, client, task_id, seq, at, size FROM taskscope.deliveries ${ofShard}
      ORDER BY seq, queued`,
    values: shard === null ? [] : [shard],
  });
  return rows.map(({ client, task_id, ...delivery }) => ({ ...delivery, task: { client, id: task_id } }));
}
