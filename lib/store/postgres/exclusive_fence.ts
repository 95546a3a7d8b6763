/**
 * Makes sure that only the server which has a database to itself commits to it, and each commit once.
 *
 * @module
 */

import type { BatchMessage } from "../database/batch.ts";
import type { QueryConfig } from "./pg.d.ts";
import { changedNumbers } from "./changed_numbers.ts";

/** Which commit this is. */
export interface ExclusiveCommit {
  /** The term in which this server owns the database. */
  readonly term: number;
  /** The number of commits before this one. */
  readonly commits: number;
  /** The sequence number up to which every change is committed afterwards; `null` if it stays as it is. */
  readonly seq: number | null;
}

/**
 * Returns the first statement of a commit. It raises an error if another server owns the database, or this commit is
 * already done.
 *
 * @param batch the rows of the commit
 * @param commit which commit this is
 */
export function exclusiveFence(batch: BatchMessage, { term, commits, seq }: ExclusiveCommit): QueryConfig {
  const changed = changedNumbers(batch);
  const columns = changed.map(([name], index) => `, ${name} = $${index + 4}`).join("");
  return {
    name: `fence ${changed.map(([name]) => name).join()}`,
    // The division raises an error, because the statements after this one are already on their way.
    text: `WITH fence AS (UPDATE taskscope.shards
        SET commits = commits + 1, committed_seq = coalesce($3::bigint, committed_seq)${columns}
        WHERE id = 0 AND term = $1 AND commits = $2 RETURNING 1)
      SELECT 1 / count(*) FROM fence`,
    values: [term, commits, seq, ...changed.map(([, value]) => value)],
  };
}
