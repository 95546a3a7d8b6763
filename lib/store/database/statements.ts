/**
 * Keeps the prepared statements of a connection to SQLite.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Prepares each statement of a connection once, because preparing one takes longer than running it for a row. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared: Map<string, StatementSync> = new Map();

  /** @param db the connection */
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Returns the prepared statement of a text. All statements are kept, so there must be few different texts. */
  of(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }
}
