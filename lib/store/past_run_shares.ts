/**
 * Divides the limit on past runs among clients, so that no client displaces the past runs of others.
 *
 * @module
 */

/** The share of the limit that is freed at once, because finding the runs to drop reads all runs. */
const FREED_PART = 0.002;

/**
 * Returns how many past runs each client must drop once there are more than the limit. Only the clients with the most
 * runs drop any, until they have equally many. Each client can therefore always keep an equal share of the limit.
 *
 * @param counts the number of past runs of each client
 * @param limit the maximum number of past runs of all clients
 * @returns the number of runs to drop of each client that must drop any
 */
export function pastRunsToDrop(counts: ReadonlyMap<string, number>, limit: number): Map<string, number> {
  let free = limit - Math.floor(limit * FREED_PART);
  let others = counts.size;
  const drops = new Map<string, number>();
  for (const [client, count] of [...counts].sort(([, left], [, right]) => left - right)) {
    const kept = Math.min(count, Math.floor(free / others));
    if (kept < count) drops.set(client, count - kept);
    free -= kept;
    others--;
  }
  return drops;
}
