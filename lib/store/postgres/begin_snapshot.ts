/**
 * Begins a transaction that reads a consistent snapshot.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/**
 * Begins a transaction whose statements all read the database as it was at the beginning of the transaction.
 *
 * @throws {Error} of `pg`
 */
export async function beginSnapshot(connection: Connection): Promise<void> {
  await connection.query(
    // The session is idle between two statements while the program parses the rows of the first one.
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0`,
  );
}
