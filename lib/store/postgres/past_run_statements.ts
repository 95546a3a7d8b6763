/**
 * Converts the past runs of a commit to SQL statements.
 *
 * @module
 */

import { PAST_RUN_COLUMNS, type PastRunKey, type PastRunRow } from "../database/past_run_rows.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { QueryConfig } from "./pg.d.ts";
import { columnArrays, unnestOf } from "./row_arrays.ts";

const KEY = PAST_RUN_COLUMNS.slice(0, 4);

/**
 * Returns the statements that insert past runs, and delete past runs beyond the limits.
 *
 * @param rows the past runs
 * @param limits how many past runs of a name to keep, and how long
 * @param dropped the past runs to delete because of the limit on all runs
 */
export function pastRunStatements(
  rows: readonly PastRunRow[],
  { pastRunsPerName, pastRunAgeMs }: PastRunLimits,
  dropped: readonly PastRunKey[],
): QueryConfig[] {
  if (rows.length === 0) return [];
  const names = new Map(rows.map(([client, name]) => [`${client}/${name}`, [client, name] as const]));
  const oldest = (Date.now() - pastRunAgeMs) / 1_000;
  return [
    {
      name: "past_run",
      text: `INSERT INTO taskscope.past_runs (${PAST_RUN_COLUMNS.join(", ")})
        SELECT * FROM ${unnestOf(PAST_RUN_COLUMNS)} ON CONFLICT DO NOTHING`,
      values: columnArrays(rows, PAST_RUN_COLUMNS.length),
    },
    {
      name: "cut_past_runs",
      text: `WITH last AS MATERIALIZED (
          SELECT c.client, c.name, k.finished_at, k.id FROM unnest($1::text[], $2::text[]) AS c (client, name)
          CROSS JOIN LATERAL (SELECT finished_at, id FROM taskscope.past_runs k
            WHERE k.client = c.client AND k.name = c.name ORDER BY finished_at DESC, id DESC LIMIT 1 OFFSET $3) k)
        DELETE FROM taskscope.past_runs r USING last WHERE r.client = last.client AND r.name = last.name
          AND (r.finished_at, r.id) <= (last.finished_at, last.id)`,
      values: [
        Array.from(names.values(), ([client]) => client),
        Array.from(names.values(), ([, name]) => name),
        pastRunsPerName,
      ],
    },
    {
      name: "old_past_runs",
      text: "DELETE FROM taskscope.past_runs WHERE finished_at < $1",
      values: [oldest],
    },
    {
      name: "dropped_past_runs",
      text: `DELETE FROM taskscope.past_runs r
        USING ${unnestOf(KEY)} AS d (${KEY.join(", ")})
        WHERE (r.client, r.name, r.finished_at, r.id) = (d.client, d.name, d.finished_at, d.id)`,
      values: columnArrays(dropped, KEY.length),
    },
  ];
}
