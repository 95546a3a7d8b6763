/**
 * Decides which shard a client belongs to.
 *
 * @module
 */

import { sha256 } from "../sha256.ts";

/**
 * Returns the number of the shard that a client belongs to. The shard of a client never changes, because the number of
 * shards is fixed when the schema is created.
 *
 * @param client the client
 * @param shards the number of shards; at most 65,536
 */
export function shardOf(client: string, shards: number): number {
  const [high = 0, low = 0] = sha256(new TextEncoder().encode(client));
  return (high * 256 + low) % shards;
}
