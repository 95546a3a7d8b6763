/**
 * Lets a node join the cluster of a database.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { migrate } from "./schema.ts";
import { useDatabase } from "./use_database.ts";

/**
 * Lets a node join the cluster that shares a database, and creates the schema if there is none.
 *
 * @param url the URL of the database
 * @param fingerprint identifies the key of the node without revealing it; `""` if it has none
 * @param previous identifies the previous key, which other nodes may still have; `""` if there is none
 * @returns the secret that the nodes share
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used, or nodes with another key use it
 */
export async function joinCluster(url: string, fingerprint: string, previous = ""): Promise<string> {
  return await useDatabase(url, async (connection, { name }) => {
    await migrate(connection, name);
    // Once all other nodes have left, or their leases have expired, this node may set another key.
    await connection.query({
      text: `UPDATE taskscope.meta SET key_fingerprint = $1, previous_key_fingerprint = nullif($2, '')
        WHERE key_fingerprint IS NULL
        OR NOT EXISTS (SELECT FROM taskscope.nodes WHERE expires >= clock_timestamp())`,
      values: [fingerprint, previous],
    });
    // A change of the key begins with the first node that has the new key, and ends with the first node that no longer
    // has the previous key.
    await connection.query({
      text: `UPDATE taskscope.meta SET key_fingerprint = $1, previous_key_fingerprint = key_fingerprint
        WHERE key_fingerprint = $2 AND $2 <> ''`,
      values: [fingerprint, previous],
    });
    await connection.query({
      text:
        `UPDATE taskscope.meta SET previous_key_fingerprint = NULL WHERE key_fingerprint = $1 AND $2 = ''`,
      values: [fingerprint, previous],
    });
    const { rows: [row] } = await connection.query(
      "SELECT secret, key_fingerprint AS known, previous_key_fingerprint AS before FROM taskscope.meta",
    );
    await connection.end();
    // During a change of the key, a node that still has only the old key may be restarted.
    if (row.known === fingerprint || row.before === fingerprint) return row.secret;
    throw new StorageError(
      name,
      "the nodes that use it have another key; start this node with the same one, or with theirs as the previous key, or " +
        "stop all others first",
    );
  });
}
