/**
 * The statements that read the changes that another node has committed.
 *
 * @module
 */

import { LOG_LINES } from "../side_tables.ts";
import { CLUSTER } from "./ownership.ts";
import type { QueryConfig } from "./pg.d.ts";

/**
 * The maximum number of commits that are read at a time, and the number of changed tasks after which no further commit
 * is read.
 */
const COMMITS = 500;
const TASKS = 1_000;

/** Returns the statement that selects the state of a shard and its owner; "cluster" is a part of the epoch. */
export function ownerStatement(shard: number): QueryConfig {
  return {
    name: "owner",
    // The table "shards" is included, because a single server may have changed the tasks, too.
    text: `SELECT epoch, ${CLUSTER} AS cluster, greatest(s.committed_seq, a.committed_seq) AS "committedSeq",
        greatest(s.forgotten_seq, a.forgotten_seq) AS "forgottenSeq", s.owner, address,
        s.expires < clock_timestamp() AS "isFree"
      FROM taskscope.cluster_shards s JOIN taskscope.shards a ON a.id = 0
      LEFT JOIN taskscope.nodes n ON n.id = s.owner WHERE s.id = $1`,
    values: [shard],
  };
}

/** A CTE with the next commits to shard $2 after sequence number $1. */
const PAGE = `page AS MATERIALIZED (
    SELECT seq, after_seq, places, removed FROM (
      SELECT c.*, coalesce(sum(cardinality(places)) OVER (
        ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM (SELECT * FROM taskscope.commits WHERE shard = $2 AND seq > $1 ORDER BY seq LIMIT ${COMMITS}) c
    ) c WHERE before < ${TASKS})`;

/** Returns the statement that selects the commits to a shard after a sequence number, oldest first. */
export function commitsStatement(shard: number, seq: number): QueryConfig {
  return {
    name: "commits",
    text: `WITH ${PAGE} SELECT seq, after_seq AS "afterSeq", removed FROM page ORDER BY seq`,
    values: [seq, shard],
  };
}

/**
 * Returns the statement that selects the tasks that these commits have changed, ordered by their last change. A task
 * that a later commit has changed again is read with that commit. Tasks that were removed since are included, because
 * their runs are kept.
 */
export function tasksStatement(shard: number, seq: number): QueryConfig {
  return {
    name: "followed",
    text: `WITH ${PAGE}
      SELECT place, client, seq, ended_at AS "endedAt", removed, record FROM taskscope.tasks
      WHERE place IN (SELECT unnest(places) FROM page)
        AND seq > $1 AND seq <= (SELECT max(seq) FROM page) ORDER BY seq`,
    values: [seq, shard],
  };
}

/** A range of log lines of a task. */
export interface LineRange {
  readonly place: number;
  readonly from: number;
  /** The number after the last line of the range. */
  readonly to: number;
}

/** Returns the statement that selects log lines of tasks. */
export function linesStatement(ranges: readonly LineRange[]): QueryConfig {
  return {
    name: "lines",
    text: `SELECT place, ${LOG_LINES.columns.join(", ")} FROM taskscope.log_lines
      JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r (place, first, beyond) USING (place)
      WHERE number >= first AND number < beyond ORDER BY place, number`,
    values: [ranges.map(({ place }) => place), ranges.map(({ from }) => from), ranges.map(({ to }) => to)],
    rowMode: "array",
  };
}
