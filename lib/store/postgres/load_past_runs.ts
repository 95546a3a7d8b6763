/**
 * Loads the summaries of past runs of a PostgreSQL database when a store is opened.
 *
 * @module
 */

import { Connection } from "./connection.ts";
import type { PastRunFile } from "./past_run_file.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/**
 * Selects all past runs of a name as one value, so that they are not parsed until one of them is needed. PostgreSQL
 * makes one list per column faster than one list per run.
 */
const SELECT = `SELECT client, name, count(*),
    concat('[', concat_ws(',', json_agg(finished_at), json_agg(id), json_agg(state), json_agg(created_at),
      json_agg(started_at)), ']')
  FROM taskscope.past_runs GROUP BY client, name`;

/**
 * Loads all past runs into a file. A separate connection is used, so that PostgreSQL prepares the rows while the tasks
 * are loaded.
 *
 * @throws {Error} of `pg`, if the connection or the query fails
 */
export async function loadPastRuns(address: PostgresAddress, file: PastRunFile): Promise<void> {
  const connection = await Connection.open(address);
  try {
    await connection.stream(
      SELECT,
      ([client, name, count, runs]: readonly [string, string, number, string]) => {
        file.pack(client, name, { count, runs });
      },
    );
  } finally {
    connection.cut();
  }
  file.cut();
}
