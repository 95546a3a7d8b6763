/**
 * Loads the summaries of past runs of a PostgreSQL database when a store is opened.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { PastRunFile } from "./past_run_file.ts";

/** The past runs of each name together, so that they need not be parsed until one of them is needed. */
const SELECT = `SELECT client, name, count(*)::text,
    '[' || string_agg(json_build_array(finished_at, id, state, created_at, started_at)::text, ',') || ']'
  FROM taskscope.past_runs GROUP BY client, name`;

/**
 * Passes all past runs to a file.
 *
 * @throws {Error} of `pg`, if a query fails
 */
export async function loadPastRuns(connection: Connection, file: PastRunFile): Promise<void> {
  await connection.stream(SELECT, ([client, name, count, runs]) => {
    file.pack(client!, name!, { count: Number(count), runs: runs! });
  });
  file.cut();
}
