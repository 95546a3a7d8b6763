/**
 * Loads the summaries of past runs of a PostgreSQL database when a store is opened.
 *
 * @module
 */

import type { PastRunRow } from "../database/past_run_rows.ts";
import type { Connection } from "./connection.ts";
import type { PastRunFile } from "./past_run_file.ts";

/** The number of rows that are read at a time. */
const ROWS = 5_000;

/**
 * Copies all past runs into a file.
 *
 * @throws {Error} of `pg`, if a query fails
 */
export async function loadPastRuns(connection: Connection, file: PastRunFile): Promise<void> {
  let last: PastRunRow = ["", "", 0, "", "", 0, null];
  for (let isLast = false; !isLast;) {
    const rows: PastRunRow[] = (await connection.query({
      name: "past_runs",
      text: `SELECT client, name, finished_at, id, state, created_at, started_at FROM taskscope.past_runs
        WHERE (client, name, finished_at, id) > ($1, $2, $3, $4)
        ORDER BY client, name, finished_at, id LIMIT ${ROWS}`,
      values: last.slice(0, 4),
      rowMode: "array",
    })).rows;
    file.add(rows);
    last = rows.at(-1) ?? last;
    isLast = rows.length < ROWS;
  }
}
