/**
 * Inserts many rows into a table of SQLite, several with each call.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SideValue } from "../side_tables.ts";

/**
 * A call inserts at most 2 to this power rows. In a call with 8 or 16 rows, each row takes half as long as in a call of
 * its own, and with more rows no less.
 */
const MAX_POWER = 4;

/** Inserts rows by prepared statements for 1, 2, 4, 8 and 16 rows. */
export class InsertStatement {
  readonly #db: DatabaseSync;
  readonly #head: string;
  readonly #columns: number;
  readonly #tail: string;
  /** The statement for `2 ** index` rows, prepared when it is first needed. */
  readonly #statements: (StatementSync | undefined)[] = [];

  /**
   * @param db the connection
   * @param head the statement up to the name of the table, such as `INSERT OR REPLACE INTO runs`
   * @param columns the columns of the rows
   * @param tail the end of the statement, such as an `ON CONFLICT` clause
   */
  constructor(db: DatabaseSync, head: string, columns: readonly string[], tail = "") {
    this.#db = db;
    this.#head = `${head} (${columns.join(", ")}) VALUES`;
    this.#columns = columns.length;
    this.#tail = tail;
  }

  /**
   * Inserts rows, in order.
   *
   * @param rows the values of the columns of each row
   * @returns the number of rows that were inserted or changed
   * @throws {Error} if rows have more or fewer values than there are columns
   */
  run(rows: readonly (readonly SideValue[])[]): number {
    let changes = 0;
    let power = MAX_POWER;
    for (let at = 0; at < rows.length; at += 2 ** power) {
      while (2 ** power > rows.length - at) power--;
      const values = power === 0 ? rows[at]! : rows.slice(at, at + 2 ** power).flat();
      if (values.length !== this.#columns * 2 ** power) {
        throw new Error(`${this.#head}: wanted rows of ${this.#columns} values`);
      }
      changes += Number(this.#of(power).run(...values).changes);
    }
    return changes;
  }

  #of(power: number): StatementSync {
    const known = this.#statements[power];
    if (known !== undefined) return known;
    const row = `(${Array(this.#columns).fill("?").join(", ")})`;
    const rows = Array(2 ** power).fill(row).join(", ");
    return this.#statements[power] = this.#db.prepare(`${this.#head} ${rows} ${this.#tail}`);
  }
}
