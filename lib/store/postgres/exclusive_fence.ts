/**
 * Ensures that only the server that owns the whole database commits to it, and that each commit is carried out once.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";
import type { QueryConfig } from "./pg.d.ts";
import { changedNumbers } from "./changed_numbers.ts";

/** Identifies a commit. */
export interface ExclusiveCommit {
  /** The term in which this server owns the database. */
  readonly term: number;
  /** The number of commits before this one. */
  readonly commits: number;
  /** The sequence number up to which every change is committed after this commit; `null` if it does not change. */
  readonly seq: number | null;
}

/**
 * Returns the first statement of a commit. The statement raises an error if another server owns the database, or if
 * this commit was already carried out.
 *
 * @param batch the rows of the commit
 * @param commit identifies the commit
 */
export function exclusiveFence(batch: BatchMessage, { term, commits, seq }: ExclusiveCommit): QueryConfig {
  const changed = changedNumbers(batch);
  const columns = changed.map(([name], index) => `, ${name} = $${index + 4}`).join("");
  return {
    name: `fence ${changed.map(([name]) => name).join()}`,
    // If no row matches, a division by zero raises an error: returning no rows would not stop the next statements,
    // which are already on their way.
    text: `WITH fence AS (UPDATE taskscope.shards
        SET commits = commits + 1, committed_seq = coalesce($3::bigint, committed_seq)${columns}
        WHERE id = 0 AND term = $1 AND commits = $2 RETURNING 1)
      SELECT 1 / count(*) FROM fence`,
    values: [term, commits, seq, ...changed.map(([, value]) => value)],
  };
}
