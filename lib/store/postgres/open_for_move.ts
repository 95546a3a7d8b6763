/**
 * Opens a PostgreSQL database for a move, and locks it.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import { takeLock } from "./ownership.ts";
import { useDatabase } from "./use_database.ts";

/** How long to wait for the session of a move that was killed, in milliseconds. */
const LOCK_WAIT_MS = 1_000;

/**
 * Opens a database that no server uses. The lock belongs to the session, so that none can open it as long as it lasts.
 *
 * @param url the URL
 * @param use what to make of the connection; if it throws, the connection is closed
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used, or a server uses it
 */
export async function openForMove<Result>(
  url: string,
  use: (connection: Connection, name: string) => Promise<Result>,
): Promise<Result> {
  return await useDatabase(url, async (connection, { name }) => {
    await takeLock(connection, name, LOCK_WAIT_MS);
    // Between two statements of a transaction that reads, the other database is written.
    await connection.query("SET idle_in_transaction_session_timeout = 0");
    return await use(connection, name);
  });
}
