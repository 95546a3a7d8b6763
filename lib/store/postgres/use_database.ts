/**
 * Opens a database that a server can use.
 *
 * @module
 */

import { Connection } from "./connection.ts";
import { type PostgresAddress, readAddress } from "./postgres_address.ts";
import { postgresError } from "./postgres_errors.ts";
import { checkServer, checkSession } from "./server_checks.ts";

/**
 * Opens a database, and checks that its server, and any pooler in front of it, have the settings that the program
 * relies on.
 *
 * @param url the URL
 * @param use receives the connection, which is closed only if `use` rejects
 * @returns the result of `use`
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used
 */
export async function useDatabase<Result>(
  url: string,
  use: (connection: Connection, address: PostgresAddress) => Promise<Result>,
): Promise<Result> {
  const address = readAddress(url);
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(address);
    await checkSession(connection, address);
    await checkServer(connection, address.name);
    return await use(connection, address);
  } catch (cause) {
    connection?.cut();
    throw postgresError(address.name, cause);
  }
}
