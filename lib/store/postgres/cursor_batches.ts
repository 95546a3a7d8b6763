/**
 * Reads the result of a query in batches, so that it is never in memory as a whole.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** The number of rows of a batch. */
const ROWS = 5_000;

/** The time limit of reading a batch, in milliseconds. */
const READ_MS = 60_000;

/**
 * Reads the rows of a query, whose only column is JSON. While a batch is used, the next one is on its way.
 *
 * @param connection the connection, which must be in a transaction
 * @param query the query
 * @returns the rows of each batch, parsed
 * @throws {Error} of `pg`, if a query fails
 */
export async function* cursorBatches(connection: Connection, query: string): AsyncIterable<unknown[]> {
  const run = (text: string) => connection.query({ text, rowMode: "array", query_timeout: READ_MS });
  const fetch = () => run(`FETCH ${ROWS} FROM batches`);
  const declared = run(`DECLARE batches NO SCROLL CURSOR FOR ${query}`);
  let next = fetch();
  try {
    await declared;
    for (let isLast = false; !isLast;) {
      const { rows } = await next;
      isLast = rows.length < ROWS;
      if (!isLast) next = fetch();
      if (rows.length > 0) yield JSON.parse(`[${rows.join()}]`);
    }
  } finally {
    // If the caller gives up, or another statement has failed, nobody else takes its error.
    next.catch(() => {});
  }
  await run("CLOSE batches");
}
