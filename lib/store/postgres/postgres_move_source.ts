/**
 * A PostgreSQL database whose tasks are moved to another database.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { type MovedNumbers, type MoveSource, READ_ROWS } from "../database/move_tasks.ts";
import type { MovedTable } from "../database/moved_tables.ts";
import type { SideRow } from "../side_tables.ts";
import type { Connection } from "./connection.ts";
import { openForMove } from "./open_for_move.ts";
import type { QueryResult } from "./pg.d.ts";
import { postgresError } from "./postgres_errors.ts";
import { migrate, versionOf } from "./schema.ts";
import { refuseUnfinishedMove } from "./unfinished_move.ts";

/** How long a statement may take, in milliseconds: the first one may sort a whole table. */
const STATEMENT_MS = 600_000;

/** A database to move from, which stays locked during the move. */
export class PostgresMoveSource implements MoveSource {
  readonly name: string;
  readonly state: string;
  readonly numbers: MovedNumbers;
  readonly damaged: readonly string[] = [];
  readonly loss = null;
  readonly #connection: Connection;

  private constructor(name: string, connection: Connection, { epoch, commits, ...numbers }: Found) {
    this.name = name;
    this.#connection = connection;
    this.numbers = numbers;
    this.state = JSON.stringify([epoch, commits, numbers]);
  }

  /**
   * Opens a database.
   *
   * @param url the URL
   * @throws {ConfigError} if the URL is invalid
   * @throws {StorageError} if the database has no tasks, a server uses it, or it cannot be read
   */
  static async open(url: string): Promise<PostgresMoveSource> {
    return await openForMove(url, async (connection, name) => {
      const { version } = await versionOf(connection);
      if (version === 0) throw new StorageError(name, "it has no tasks: no server has used it yet");
      await migrate(connection, name);
      await refuseUnfinishedMove(connection, name);
      const { rows: [found] } = await connection.query(
        // The sums include the counters of the single server and of the shards, because either may have changed the
        // tasks last.
        `SELECT epoch, (a.commits + sum(s.commits))::bigint AS commits, (a.term + sum(s.term))::bigint AS term,
           greatest(a.reserved_seq, max(s.reserved_seq)) AS "reservedSeq",
           greatest(a.forgotten_seq, max(s.forgotten_seq)) AS "forgottenSeq"
         FROM taskscope.shards a, taskscope.cluster_shards s WHERE a.id = 0 GROUP BY a.id`,
      );
      return new PostgresMoveSource(name, connection, found);
    });
  }

  async count(table: MovedTable): Promise<number> {
    const { rows: [{ n }] } = await this.#query(`SELECT count(*) AS n ${fromClause(table)}`);
    return n;
  }

  async *rows(table: MovedTable, skip: number): AsyncIterable<readonly SideRow[]> {
    const order = table.order ?? ["seq", "queued"];
    await this.#query("BEGIN READ ONLY");
    await this.#query(
      `DECLARE moved NO SCROLL CURSOR FOR SELECT ${table.columns.join(", ")} ${fromClause(table)}
       ORDER BY ${order.join(", ")} OFFSET ${skip}`,
    );
    for (let isLast = false; !isLast;) {
      const { rows } = await this.#query(`FETCH ${READ_ROWS} FROM moved`, "array");
      if (rows.length > 0) yield rows;
      isLast = rows.length < READ_ROWS;
    }
    await this.#query("COMMIT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.end().catch(() => {});
  }

  async #query(text: string, rowMode?: "array"): Promise<QueryResult> {
    try {
      return await this.#connection.query({
        text,
        query_timeout: STATEMENT_MS,
        ...(rowMode !== undefined && { rowMode }),
      });
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }
}

interface Found extends MovedNumbers {
  readonly epoch: string;
  readonly commits: number;
}

/** Returns the FROM clause that selects the rows to move: tasks that are not removed, and rows that belong to them. */
function fromClause({ name, isOfTasks }: MovedTable): string {
  if (name === "tasks") return "FROM taskscope.tasks WHERE NOT removed";
  if (!isOfTasks) return `FROM taskscope.${name}`;
  return `FROM taskscope.${name} side
    WHERE EXISTS (SELECT FROM taskscope.tasks t WHERE t.place = side.place AND NOT t.removed)`;
}
