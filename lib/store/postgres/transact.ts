/**
 * Sends the statements of a transaction.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { QueryConfig, QueryResult } from "./pg.d.ts";
import { codeOf } from "./postgres_errors.ts";

/** The error code of all statements after the one that failed. */
const ABORTED = "25P02";

/** The first statement of each kind of transaction: one that writes, or one that reads a consistent snapshot. */
const BEGIN = {
  write: "BEGIN",
  snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
} as const;

/**
 * Sends all statements of a transaction at once, and resolves when it is committed.
 *
 * @param connection the connection
 * @param kind what the transaction does
 * @param statements the statements
 * @param timeoutMs how long each statement may take, in milliseconds
 * @returns the results of the statements
 * @throws {Error} of `pg`: the error of the statement that failed first
 */
export async function transact(
  connection: Connection,
  kind: keyof typeof BEGIN,
  statements: readonly QueryConfig[],
  timeoutMs: number,
): Promise<readonly QueryResult[]> {
  const results = await Promise.allSettled(
    [{ text: BEGIN[kind] }, ...statements, { text: "COMMIT" }].map((statement) =>
      connection.query({ ...statement, query_timeout: timeoutMs })
    ),
  );
  const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  const cause = errors.find((error) => codeOf(error) !== ABORTED) ?? errors[0];
  if (cause !== undefined) throw cause;
  const done = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  // If the transaction has failed, PostgreSQL responds to COMMIT with ROLLBACK.
  if (done.at(-1)?.command === "COMMIT") return done.slice(1, -1);
  throw new Error("the transaction was rolled back");
}
