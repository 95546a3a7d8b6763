/**
 * Finds the last sequence number of a commit.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";

/** Returns the last sequence number in the rows of a commit; `null` if they have none. */
export function lastSeq({ tasks, removals }: BatchMessage): number | null {
  let last: number | null = null;
  for (const [, , , seq] of tasks) last = Math.max(last ?? 0, seq);
  for (const [, seq] of removals) last = Math.max(last ?? 0, seq);
  return last;
}
