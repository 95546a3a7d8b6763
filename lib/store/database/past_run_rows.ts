/**
 * Writes the rows of past runs into SQLite within limits: in the writer's worker, or into a temporary copy.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { PastRunLimits } from "../past_run_store.ts";

/** The row of a past run; its name is a {@linkcode nameText}. */
export type PastRunRow = readonly [
  client: string,
  name: string,
  finishedAt: number,
  id: string,
  state: string,
  createdAt: number,
  startedAt: number | null,
];

/**
 * Returns a name as JSON text: SQLite would end it at a NUL, and reject an unpaired surrogate, which JSON
 * escapes.
 */
export function nameText(name: string): string {
  return JSON.stringify(name);
}

/** Returns the name whose {@linkcode nameText} is given. */
export function nameFrom(text: string): string {
  return JSON.parse(text);
}

/** Writes past runs, and deletes those beyond the limits. */
export class PastRunRows {
  readonly #db: DatabaseSync;
  readonly #limits: PastRunLimits;
  /** The number of rows as of the last write; `null` if it is unknown. */
  #count: number | null = null;

  /**
   * @param db the database to write into
   * @param limits how many past runs to keep, and how long
   */
  constructor(db: DatabaseSync, limits: PastRunLimits) {
    this.#db = db;
    this.#limits = limits;
  }

  /** Inserts rows and deletes the rows beyond the limits; call this in a transaction. */
  write(rows: readonly PastRunRow[]): void {
    if (rows.length === 0) return;
    let count = this.#count ?? Number(this.#db.prepare("SELECT count(*) AS n FROM past_runs").get()!.n);
    this.#count = null;
    // Rows that exist are ignored, so that writing a batch again, because its commit was not confirmed, changes nothing.
    const insert = this.#db.prepare(
      `INSERT OR IGNORE INTO past_runs (client, name, finished_at, id, state, created_at, started_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    const names = new Map<string, readonly [client: string, name: string]>();
    for (const row of rows) {
      count += Number(insert.run(...row).changes);
      names.set(`${row[0]}/${row[1]}`, [row[0], row[1]]);
    }
    const cutName = this.#db.prepare(
      `DELETE FROM past_runs WHERE client = ?1 AND name = ?2 AND (finished_at, id) <=
         (SELECT finished_at, id FROM past_runs WHERE client = ?1 AND name = ?2
          ORDER BY finished_at DESC, id DESC LIMIT 1 OFFSET ?3)`,
    );
    for (const key of names.values()) {
      count -= Number(cutName.run(...key, this.#limits.pastRunsPerName).changes);
    }
    const oldest = (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
    count -= Number(this.#db.prepare("DELETE FROM past_runs WHERE finished_at < ?").run(oldest).changes);
    if (count > this.#limits.pastRuns) {
      const cut = this.#db.prepare(
        `DELETE FROM past_runs WHERE (client, name, finished_at, id) IN
           (SELECT client, name, finished_at, id FROM past_runs ORDER BY finished_at LIMIT ?)`,
      );
      count -= Number(cut.run(count - this.#limits.pastRuns).changes);
    }
    this.#count = count;
  }

  /** Discards what is known of the table, because the transaction of the last write was rolled back. */
  rolledBack(): void {
    this.#count = null;
  }
}
