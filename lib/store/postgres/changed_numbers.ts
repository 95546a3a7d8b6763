/**
 * Finds the numbers of a commit that are columns of the table `shards`.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";

/** The numbers in `meta` of SQLite, which are columns of the table `shards` here. */
const COLUMNS: readonly string[] = ["reserved_seq", "forgotten_seq"];

/** Returns the columns that a commit changes, with their values. */
export function changedNumbers({ meta }: BatchMessage): BatchMessage["meta"] {
  return meta.filter(([name]) => COLUMNS.includes(name));
}
