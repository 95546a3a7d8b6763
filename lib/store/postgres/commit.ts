/**
 * Sends the statements of a transaction.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { QueryConfig } from "./pg.d.ts";
import { codeOf } from "./postgres_errors.ts";

/** The code of the errors of all statements after the one that failed. */
const ABORTED = "25P02";

/**
 * Sends all statements of a transaction at once, and resolves when it is committed.
 *
 * @param connection the connection
 * @param statements the statements
 * @param timeoutMs how long each may take, in milliseconds
 * @throws {Error} of `pg`: that of the statement that failed first
 */
export async function commit(
  connection: Connection,
  statements: readonly QueryConfig[],
  timeoutMs: number,
): Promise<void> {
  const results = await Promise.allSettled(
    [{ text: "BEGIN" }, ...statements, { text: "COMMIT" }].map((statement) =>
      connection.query({ ...statement, query_timeout: timeoutMs })
    ),
  );
  const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  const cause = errors.find((error) => codeOf(error) !== ABORTED) ?? errors[0];
  if (cause !== undefined) throw cause;
  const last = results.at(-1);
  // The server answers a COMMIT of a failed transaction with ROLLBACK.
  if (last?.status === "fulfilled" && last.value.command === "COMMIT") return;
  throw new Error("the transaction was rolled back");
}
