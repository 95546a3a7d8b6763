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
 * Compares the shards of a node with the shards of the other nodes. Every node decides for itself; if two nodes want
 * the same shard, one of them gets it, and the other chooses again at its next heartbeat.
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
    // If this node already owns the shard, the answer to its request may have been lost, so it takes the shard again.
    if (isFree || owner === node) free.push(shard);
    else if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  const shortage = nodes.reduce(
    (sum, id) => sum + (id === node ? 0 : Math.max(0, least - counts.get(id)!)),
    0,
  );
  // A node that has the minimum takes more only if enough free shards remain for nodes with less than the minimum.
  const wanted = Math.max(least - held.size, Math.min(most - held.size, free.length - shortage));
  const missing = Math.max(0, Math.min(wanted, free.length));
  // Each node begins its search at a different shard, so that two nodes seldom want the same one.
  const start = Math.max(0, nodes.indexOf(node)) * most;
  return {
    take: Array.from({ length: missing }, (_, index) => free[(start + index) % free.length]!),
    release: Math.max(0, held.size - most, Math.min(held.size - least, shortage - free.length)),
  };
}
