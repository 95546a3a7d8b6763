/**
 * Writes the rows of past runs into SQLite and enforces their limits; used by the writer's worker, and for a temporary
 * copy of another database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RunSummary } from "../../task/run_summary.ts";
import { Statements } from "./statements.ts";
import { pastRunsToDrop } from "../past_run_shares.ts";
import { endOf, type PastRunLimits } from "../past_run_store.ts";

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
 * Returns a name as JSON text, which escapes NULs and unpaired surrogates: SQLite would end the name at a NUL, and
 * reject a surrogate.
 */
export function nameText(name: string): string {
  return JSON.stringify(name);
}

/** Returns the name whose {@linkcode nameText} is given. */
export function nameFrom(text: string): string {
  return JSON.parse(text);
}

/** Returns the row of a run that has ended. */
export function pastRunRow(client: string, run: RunSummary): PastRunRow {
  const { id, name, state, created_at, started_at } = run;
  return [client, nameText(name), endOf(run), id, state, created_at, started_at];
}

/** Writes past runs, and deletes past runs beyond the limits. */
export class PastRunRows {
  readonly #statements: Statements;
  readonly #limits: PastRunLimits;
  /** The number of rows of each client after the last write; `null` if it is unknown. */
  #counts: Map<string, number> | null = null;
  /** The sum of the numbers in {@linkcode PastRunRows.#counts}. */
  #count = 0;

  /**
   * @param db the database to write into
   * @param limits how many past runs to keep, and how long
   */
  constructor(db: DatabaseSync, limits: PastRunLimits) {
    this.#statements = new Statements(db);
    this.#limits = limits;
  }

  /** The number of rows after the last write. */
  get count(): number {
    return this.#count;
  }

  /**
   * Inserts rows and deletes the rows beyond the limits; call this in a transaction.
   *
   * @returns the rows that were deleted because of the limit on all runs
   */
  write(rows: readonly PastRunRow[]): readonly PastRunKey[] {
    if (rows.length === 0) return [];
    this.insert(rows);
    const names = new Map(rows.map(([client, name]) => [`${client}/${name}`, [client, name] as const]));
    const cutName = this.#statements.of(
      `DELETE FROM past_runs WHERE client = ?1 AND name = ?2 AND (finished_at, id) <=
         (SELECT finished_at, id FROM past_runs WHERE client = ?1 AND name = ?2
          ORDER BY finished_at DESC, id DESC LIMIT 1 OFFSET ?3)`,
    );
    for (const key of names.values()) {
      this.#add(key[0], -Number(cutName.run(...key, this.#limits.pastRunsPerName).changes));
    }
    const oldest = (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
    const cutOld = this.#statements.of("DELETE FROM past_runs WHERE finished_at < ? RETURNING client");
    for (const { client } of cutOld.all(oldest)) this.#add(String(client), -1);
    return this.cutAll();
  }

  /**
   * Inserts rows without enforcing the limits; call this in a transaction. Rows that exist are skipped, so that a batch
   * can be written again if its commit was not confirmed.
   */
  insert(rows: readonly PastRunRow[]): void {
    this.#counts ??= this.#readCounts();
    const insert = this.#statements.of(
      `INSERT OR IGNORE INTO past_runs (client, name, finished_at, id, state, created_at, started_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const row of rows) this.#add(row[0], Number(insert.run(...row).changes));
  }

  /** Deletes the rows beyond the limit on all runs, and returns them; call this in a transaction. */
  cutAll(): readonly PastRunKey[] {
    const counts = this.#counts ??= this.#readCounts();
    return this.#count > this.#limits.pastRuns ? this.#dropBeyondShares(counts) : [];
  }

  /** Forgets the numbers of rows, because the transaction of the last write was rolled back. */
  rolledBack(): void {
    this.#counts = null;
  }

  #readCounts(): Map<string, number> {
    const rows = this.#statements.of("SELECT client, count(*) AS n FROM past_runs GROUP BY client").all();
    this.#count = rows.reduce((sum, { n }) => sum + Number(n), 0);
    return new Map(rows.map(({ client, n }) => [String(client), Number(n)]));
  }

  #add(client: string, rows: number): void {
    if (this.#counts === null || rows === 0) return;
    const count = (this.#counts.get(client) ?? 0) + rows;
    if (count > 0) this.#counts.set(client, count);
    else this.#counts.delete(client);
    this.#count += rows;
  }

  #dropBeyondShares(counts: ReadonlyMap<string, number>): readonly PastRunKey[] {
    const drops = pastRunsToDrop(counts, this.#limits.pastRuns);
    const drop = this.#statements.of(
      `DELETE FROM past_runs WHERE (client, name, finished_at, id) IN
         (SELECT client, name, finished_at, id FROM past_runs WHERE client = ? ORDER BY finished_at LIMIT ?)
       RETURNING client, name, finished_at, id`,
    );
    return [...drops].flatMap(([client, count]) => {
      // The cast is safe, because a STRICT table preserves the types of its columns.
      const dropped = drop.all(client, count).map((row) => Object.values(row) as unknown as PastRunKey);
      this.#add(client, -dropped.length);
      return dropped;
    });
  }
}
