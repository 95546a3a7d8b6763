/**
 * A PostgreSQL database that the tasks of another database are moved to.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { MovedNumbers, MoveTarget } from "../database/move_tasks.ts";
import type { MovedBatch, MovedTable } from "../database/moved_tables.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import { commitStatements } from "./commit_statements.ts";
import type { Connection } from "./connection.ts";
import { exclusiveFence } from "./exclusive_fence.ts";
import { openForMove } from "./open_for_move.ts";
import { pastRunStatements } from "./past_run_statements.ts";
import type { QueryConfig } from "./pg.d.ts";
import { postgresError } from "./postgres_errors.ts";
import { migrate, versionOf } from "./schema.ts";
import { transact } from "./transact.ts";
import { type MoveOrigin, unfinishedMove } from "./unfinished_move.ts";

/** How long a statement may take, in milliseconds. */
const STATEMENT_MS = 600_000;

/** No limits: all past runs that the source has kept are moved. */
const ALL_PAST_RUNS: PastRunLimits = {
  pastRunsPerName: Number.MAX_SAFE_INTEGER,
  pastRuns: Number.MAX_SAFE_INTEGER,
  pastRunAgeMs: Number.MAX_SAFE_INTEGER,
};

/** The term during a move, which means that no server has used the database. */
const NO_TERM = 0;

/**
 * A database to move to, which stays locked during the move. Until the move is complete, the table `unfinished_move`
 * names the source.
 */
export class PostgresMoveTarget implements MoveTarget {
  readonly name: string;
  readonly #connection: Connection;
  #commits: number;

  private constructor(name: string, connection: Connection, commits: number) {
    this.name = name;
    this.#connection = connection;
    this.#commits = commits;
  }

  /**
   * Continues the move from a source, or begins one.
   *
   * @param url the URL of a database that no server has used
   * @param source the database to move from
   * @throws {ConfigError} if the URL is invalid
   * @throws {StorageError} if a server has used the database, another move to it is unfinished, or it cannot be written
   */
  static async open(url: string, source: MoveOrigin): Promise<PostgresMoveTarget> {
    return await openForMove(url, async (connection, name) => {
      await prepare(connection, name, source);
      const { rows: [{ commits }] } = await connection.query("SELECT commits FROM taskscope.shards");
      return new PostgresMoveTarget(name, connection, commits);
    });
  }

  async count({ name }: MovedTable): Promise<number> {
    try {
      const text = `SELECT count(*) AS n FROM taskscope.${name}`;
      const { rows: [{ n }] } = await this.#connection.query({ text, query_timeout: STATEMENT_MS });
      return n;
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }

  async write({ message, tasks }: MovedBatch): Promise<void> {
    await this.#commit([
      exclusiveFence(message, { term: NO_TERM, commits: this.#commits, seq: null }),
      ...commitStatements(message, tasks),
      ...pastRunStatements(message.pastRuns, ALL_PAST_RUNS, []),
    ]);
    this.#commits++;
  }

  async finish({ term, reservedSeq, forgottenSeq }: MovedNumbers): Promise<void> {
    await this.#commit([
      {
        text: `UPDATE taskscope.shards SET term = $1, reserved_seq = $2, forgotten_seq = $3,
          committed_seq = (SELECT coalesce(max(last_seq), 0) FROM taskscope.clients)`,
        values: [term, reservedSeq, forgottenSeq],
      },
      { text: "DROP TABLE taskscope.unfinished_move" },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.end().catch(() => {});
  }

  async #commit(statements: readonly QueryConfig[]): Promise<void> {
    try {
      await transact(this.#connection, "write", statements, STATEMENT_MS);
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }
}

/** Creates an empty schema, unless there is one of the same unfinished move. */
async function prepare(connection: Connection, name: string, source: MoveOrigin): Promise<void> {
  const origin = await unfinishedMove(connection);
  if (origin !== null && origin.name !== source.name) {
    throw new StorageError(
      name,
      `a move from ${origin.name} to it is unfinished; finish that one, or drop its schema "taskscope"`,
    );
  }
  if (origin?.state !== source.state) {
    // The source has changed since the rows were moved, so the move begins again.
    if (origin !== null) {
      await connection.query({ text: "DROP SCHEMA taskscope CASCADE", query_timeout: STATEMENT_MS });
    }
    if ((await versionOf(connection)).version > 0) await refuseUsed(connection, name);
  }
  await migrate(connection, name);
  if (origin?.state === source.state) return;
  await transact(connection, "write", [
    { text: "CREATE TABLE taskscope.unfinished_move (name text NOT NULL, state text NOT NULL)" },
    { text: "INSERT INTO taskscope.unfinished_move VALUES ($1, $2)", values: [source.name, source.state] },
  ], STATEMENT_MS);
}

async function refuseUsed(connection: Connection, name: string): Promise<void> {
  const { rows: [used] } = await connection.query(
    "SELECT term > 0 OR reserved_seq > 0 AS is_used FROM taskscope.shards",
  );
  if (!used.is_used) return;
  throw new StorageError(
    name,
    'a server has used it; name another database, or drop its schema "taskscope" if nothing in it is needed',
  );
}
