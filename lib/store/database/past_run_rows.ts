/**
 * Writes the rows of past runs into SQLite within limits: in the writer's worker, or into a temporary copy.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { pastRunsToDrop } from "../past_run_shares.ts";
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

/** The primary key of the row of a past run. */
export type PastRunKey = readonly [client: string, name: string, finishedAt: number, id: string];

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

  /**
   * Inserts rows and deletes the rows beyond the limits; call this in a transaction.
   *
   * @returns the rows that were deleted because of the limit on all runs
   */
  write(rows: readonly PastRunRow[]): readonly PastRunKey[] {
    if (rows.length === 0) return [];
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
    const dropped = count > this.#limits.pastRuns ? this.#dropBeyondShares() : [];
    this.#count = count - dropped.length;
    return dropped;
  }

  /** Discards what is known of the table, because the transaction of the last write was rolled back. */
  rolledBack(): void {
    this.#count = null;
  }

  #dropBeyondShares(): readonly PastRunKey[] {
    const counts = this.#db.prepare("SELECT client, count(*) AS n FROM past_runs GROUP BY client").all();
    const drops = pastRunsToDrop(
      new Map(counts.map(({ client, n }) => [String(client), Number(n)])),
      this.#limits.pastRuns,
    );
    const drop = this.#db.prepare(
      `DELETE FROM past_runs WHERE (client, name, finished_at, id) IN
         (SELECT client, name, finished_at, id FROM past_runs WHERE client = ? ORDER BY finished_at LIMIT ?)
       RETURNING client, name, finished_at, id`,
    );
    return [...drops].flatMap(([client, count]) =>
      // The cast is safe, because a STRICT table preserves the types of its columns.
      drop.all(client, count).map((row) => Object.values(row) as unknown as PastRunKey)
    );
  }
}
