/**
 * Writes the rows of past runs into SQLite and enforces their limits; used by the writer's worker, and for a temporary
 * copy of another database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RunSummary } from "../../task/run_summary.ts";
import { InsertStatement } from "./insert_statement.ts";
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

/** The columns of a {@linkcode PastRunRow}. */
export const PAST_RUN_COLUMNS: readonly string[] = [
  "client",
  "name",
  "finished_at",
  "id",
  "state",
  "created_at",
  "started_at",
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

/**
 * The share of the limit per name by which a name may exceed it, because finding the rows to delete reads all rows of
 * the name.
 */
const EXCESS_PART = 0.5;
/** The maximum number of names whose rows are counted between two deletions. */
const MAX_COUNTED_NAMES = 10_000;

/** The rows of a name that were inserted since rows beyond its limit were last deleted. */
interface AddedRows {
  readonly client: string;
  readonly name: string;
  count: number;
}

/** Writes past runs, and deletes past runs beyond the limits. */
export class PastRunRows {
  readonly #statements: Statements;
  readonly #insert: InsertStatement;
  readonly #limits: PastRunLimits;
  /** The number of rows of each client after the last write; `null` if it is unknown. */
  #counts: Map<string, number> | null = null;
  /** The sum of the numbers in {@linkcode PastRunRows.#counts}. */
  #count = 0;
  /** The names whose rows this object has cut to the limit, by client and name. */
  readonly #added: Map<string, AddedRows> = new Map();
  /** A time before which no run has ended, in epoch seconds; `null` if it is unknown. */
  #earliest: number | null = null;

  /**
   * @param db the database to write into
   * @param limits how many past runs to keep, and how long
   */
  constructor(db: DatabaseSync, limits: PastRunLimits) {
    this.#statements = new Statements(db);
    this.#insert = new InsertStatement(db, "INSERT OR IGNORE INTO past_runs", PAST_RUN_COLUMNS);
    this.#limits = limits;
  }

  /** The number of rows after the last write. */
  get count(): number {
    return this.#count;
  }

  /**
   * Inserts rows and deletes the rows beyond the limits; call this in a transaction. A name may keep up to half as
   * many rows more than its limit; they are the first ones to be deleted if all names together exceed their limit.
   *
   * @returns the rows that were deleted because of the limit on all runs
   */
  write(rows: readonly PastRunRow[]): readonly PastRunKey[] {
    if (rows.length === 0) return [];
    this.insert(rows);
    this.#cutNames(rows);
    this.#cutOld();
    return this.cutAll();
  }

  /**
   * Inserts rows without enforcing the limits; call this in a transaction. Rows that exist are skipped, so that a batch
   * can be written again if its commit was not confirmed.
   */
  insert(rows: readonly PastRunRow[]): void {
    this.#counts ??= this.#readCounts();
    for (const [client, own] of Map.groupBy(rows, ([client]) => client)) {
      this.#add(client, this.#insert.run(own));
    }
    if (this.#earliest !== null) {
      for (const [, , end] of rows) this.#earliest = Math.min(this.#earliest, end);
    }
  }

  /** Deletes the rows beyond the limit on all runs, and returns them; call this in a transaction. */
  cutAll(): readonly PastRunKey[] {
    const counts = this.#counts ??= this.#readCounts();
    if (this.#count > this.#limits.pastRuns) this.#cutAdded();
    return this.#count > this.#limits.pastRuns ? this.#dropBeyondShares(counts) : [];
  }

  /** Forgets what is known of the rows, because the transaction of the last write was rolled back. */
  rolledBack(): void {
    this.#counts = null;
    this.#added.clear();
    this.#earliest = null;
  }

  /** Deletes the rows beyond the limit per name, if a name may have exceeded it by {@linkcode EXCESS_PART}. */
  #cutNames(rows: readonly PastRunRow[]): void {
    const excess = EXCESS_PART * this.#limits.pastRunsPerName;
    for (const [client, name] of rows) {
      const key = `${client}/${name}`;
      let added = this.#added.get(key);
      // The rows of a name that is not counted yet may already exceed the limit.
      if (added === undefined) this.#added.set(key, added = { client, name, count: Infinity });
      if (++added.count > excess) this.#cutName(added);
    }
    if (this.#added.size > MAX_COUNTED_NAMES) this.#cutAdded();
  }

  /** Deletes the rows beyond the limit of all names that may exceed it. */
  #cutAdded(): void {
    for (const added of this.#added.values()) if (added.count > 0) this.#cutName(added);
    this.#added.clear();
  }

  #cutName(added: AddedRows): void {
    const { client, name } = added;
    const cut = this.#statements.of(
      `DELETE FROM past_runs WHERE client = ?1 AND name = ?2 AND (finished_at, id) <=
         (SELECT finished_at, id FROM past_runs WHERE client = ?1 AND name = ?2
          ORDER BY finished_at DESC, id DESC LIMIT 1 OFFSET ?3)`,
    );
    this.#add(client, -Number(cut.run(client, name, this.#limits.pastRunsPerName).changes));
    added.count = 0;
  }

  /** Deletes the rows of runs that ended too long ago. */
  #cutOld(): void {
    const oldest = (Date.now() - this.#limits.pastRunAgeMs) / 1_000;
    const first = this.#statements.of("SELECT min(finished_at) AS at FROM past_runs");
    this.#earliest ??= Number(first.get()?.at);
    if (this.#earliest >= oldest) return;
    const cut = this.#statements.of("DELETE FROM past_runs WHERE finished_at < ? RETURNING client");
    for (const { client } of cut.all(oldest)) this.#add(String(client), -1);
    this.#earliest = null;
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
