/**
 * Finds the last place in the order of creation that is in use.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/**
 * Returns the last place of a task, including purged tasks whose rows are not all deleted yet; 0 if there is none.
 *
 * @throws {Error} of `pg`, if the query fails
 */
export async function lastPlace(connection: Connection): Promise<number> {
  const { rows: [{ last }] } = await connection.query(
    `SELECT coalesce(greatest((SELECT max(place) FROM taskscope.tasks), (SELECT max(place) FROM taskscope.purged)), 0)
      AS last`,
  );
  return last;
}
