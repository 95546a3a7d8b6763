/**
 * Begins a transaction that reads everything as of one moment.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/**
 * Begins a transaction whose statements all read the database as of its beginning.
 *
 * @throws {Error} of `pg`
 */
export async function beginSnapshot(connection: Connection): Promise<void> {
  await connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  // Between two statements, their rows are parsed.
  await connection.query("SET LOCAL idle_in_transaction_session_timeout = 0");
}
