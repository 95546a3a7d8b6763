/**
 * Decides which shards a node takes and hands over.
 *
 * @module
 */

import type { Heartbeat } from "./cluster_database.ts";

/** What a node should do so that all nodes own the same number of shards, or one more. */
export interface Shares {
  /** The shards that it should take. */
  readonly take: readonly number[];
  /** How many of its shards it should hand over. */
  readonly release: number;
}

/**
 * Compares the shards of a node with those of the others. Every node decides for itself; a shard that two of them want
 * goes to one, and the next heartbeat settles the rest.
 *
 * @param node the id of the node
 * @param held the shards that it owns and keeps
 * @param heartbeat the state of the cluster
 */
export function evenShares(node: string, held: ReadonlySet<number>, { shards, nodes }: Heartbeat): Shares {
  const count = Math.max(1, nodes.length);
  const most = Math.ceil(shards.length / count);
  const least = Math.floor(shards.length / count);
  const counts = new Map(nodes.map((id) => [id, 0]));
  const free: number[] = [];
  for (const { shard, owner, isFree } of shards) {
    if (held.has(shard)) continue;
    // The answer to a request that took it may have been lost.
    if (isFree || owner === node) free.push(shard);
    else if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  const shortage = nodes.reduce(
    (sum, id) => sum + (id === node ? 0 : Math.max(0, least - counts.get(id)!)),
    0,
  );
  // Beyond the least, a node leaves free shards to others that have less.
  const wanted = Math.max(least - held.size, Math.min(most - held.size, free.length - shortage));
  const missing = Math.max(0, Math.min(wanted, free.length));
  // Nodes that begin at different shards seldom want the same ones.
  const start = Math.max(0, nodes.indexOf(node)) * most;
  return {
    take: Array.from({ length: missing }, (_, index) => free[(start + index) % free.length]!),
    release: Math.max(0, held.size - most, Math.min(held.size - least, shortage - free.length)),
  };
}
