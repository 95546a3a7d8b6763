/**
 * Opens a PostgreSQL database for a move, and locks it.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import { takeLock } from "./ownership.ts";
import { useDatabase } from "./use_database.ts";

/** How long to wait until the session of an earlier move that was killed has released the lock, in milliseconds. */
const LOCK_WAIT_MS = 1_000;

/**
 * Opens a database that no server uses. Servers cannot open it while this session, which holds the lock, lasts.
 *
 * @param url the URL
 * @param use receives the connection and returns the result; if it throws, the connection is closed
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used, or a server uses it
 */
export async function openForMove<Result>(
  url: string,
  use: (connection: Connection, name: string) => Promise<Result>,
): Promise<Result> {
  return await useDatabase(url, async (connection, { name }) => {
    await takeLock(connection, name, LOCK_WAIT_MS);
    // The session is idle between two statements while the other database is being written.
    await connection.query("SET idle_in_transaction_session_timeout = 0");
    return await use(connection, name);
  });
}
