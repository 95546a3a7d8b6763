/**
 * Checks that a PostgreSQL server is configured so that it keeps confirmed commits.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { Connection } from "./connection.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/** The lowest supported version of PostgreSQL, in the format of `server_version_num`. */
const LEAST_VERSION = 14_00_00;

/** How long a pooler may take to assign a server connection to a statement, in milliseconds. */
const POOLER_MS = 2_000;

/**
 * Checks the server of a connection.
 *
 * @throws {StorageError} if it is too old or read-only, does not write to the disk, or has another encoding than UTF-8
 */
export async function checkServer(connection: Pick<Connection, "query">, name: string): Promise<void> {
  const { rows: [found] } = await connection.query(`SELECT
    current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_pages,
    current_setting('transaction_read_only') AS read_only, pg_is_in_recovery() AS standby,
    current_setting('server_encoding') AS encoding`);
  const refuse = (reason: string) => {
    throw new StorageError(name, reason);
  };
  if (found.number < LEAST_VERSION) {
    refuse(`the server is PostgreSQL ${found.version}; version 14 or later is needed`);
  }
  if (found.standby) refuse("the server is a standby, which is read-only; name the primary");
  if (found.read_only === "on") refuse("the database is read-only; see default_transaction_read_only");
  if (found.fsync !== "on" || found.full_pages !== "on") {
    refuse("a crash of the server may destroy the database; set fsync and full_page_writes to on");
  }
  if (found.encoding !== "UTF8") {
    refuse(`the database has the encoding ${found.encoding}; create one with the encoding UTF8`);
  }
}

/**
 * Checks that all statements of a connection run in one session of the server. Through PgBouncer in transaction mode,
 * each transaction may run in another session, which makes session locks useless.
 *
 * @throws {StorageError} if they may run in several sessions
 */
export async function checkSession(connection: Connection, address: PostgresAddress): Promise<void> {
  const session = await processIdOf(connection);
  // A pooler states a process id of its own when a connection is opened, so different ids alone prove nothing.
  if (session === connection.processId) return;
  const other = await Connection.open(address);
  try {
    // If the session does not belong to the first connection, the pooler assigns it to this transaction.
    await other.query("BEGIN");
    await processIdOf(other);
    if (await processIdOf(connection) === session) return;
  } catch {
    // If the pool has only one session, none is left for the first connection.
  } finally {
    other.cut();
  }
  throw new StorageError(
    address.name,
    "a pooler such as PgBouncer in transaction mode is in front of it; use its session mode, or the server itself",
  );
}

async function processIdOf(connection: Connection): Promise<number> {
  const text = "SELECT pg_backend_pid() AS pid";
  return (await connection.query({ text, query_timeout: POOLER_MS })).rows[0].pid;
}
