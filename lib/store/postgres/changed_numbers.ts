/**
 * Finds the counters in a commit that are stored in columns of the table `shards`.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";

/** The counters that SQLite stores in the table `meta`, and PostgreSQL in columns of the table `shards`. */
const COLUMNS: readonly string[] = ["reserved_seq", "forgotten_seq"];

/** Returns the columns that a commit changes, with their values. */
export function changedNumbers({ meta }: BatchMessage): BatchMessage["meta"] {
  return meta.filter(([name]) => COLUMNS.includes(name));
}
