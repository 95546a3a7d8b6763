/**
 * Keeps a copy of the summaries of past runs in a temporary file, so that they can be read synchronously, even while
 * the database cannot be reached.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { UnrefInterval } from "../../unref_interval.ts";
import { type PastRunKey, type PastRunRow, PastRunRows } from "../database/past_run_rows.ts";
import { Statements } from "../database/statements.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { SideRow } from "../side_tables.ts";

/** The size of the cache for the file, in KiB. */
const CACHE_KIB = 4_096;

/**
 * The interval at which past runs are unpacked in the background, and the time that each turn takes, in milliseconds.
 */
const UNPACK_EVERY_MS = 50;
const UNPACK_MS = 5;

/** The past runs of a {@linkcode PastRunPack}, as one list per column. */
type PackedRuns = readonly [
  finishedAt: readonly number[],
  ids: readonly string[],
  states: readonly string[],
  createdAt: readonly number[],
  startedAt: readonly (number | null)[],
];

/** The past runs of a client and name. */
export interface PastRunPack {
  /** The number of past runs. */
  readonly count: number;
  /** The {@linkcode PackedRuns} in JSON. */
  readonly runs: string;
}

/**
 * A temporary file with past runs, which the system removes when the process ends. A server that starts needs few past
 * runs at once. Past runs are therefore kept packed, as they were read, and are put into the file name by name: when a
 * name is needed, and in the background.
 */
export class PastRunFile implements Disposable {
  /** The past runs of each shard that were dropped because of the limit on all runs, and that the database still has. */
  readonly #dropped: Map<number, PastRunKey[]> = new Map();
  readonly #shardOf: (client: string) => number;
  readonly #limits: PastRunLimits;
  readonly #db: DatabaseSync;
  readonly #pastRuns: PastRunRows;
  readonly #statements: Statements;
  /** The past runs that are not in the file yet, by client and name. */
  readonly #packs: Map<string, Map<string, PastRunPack>> = new Map();
  #packedRuns = 0;
  readonly #unpacking: UnrefInterval = new UnrefInterval(() => this.#unpackSome(), UNPACK_EVERY_MS);

  /**
   * @param limits how many past runs to keep, and how long
   * @param shardOf returns the shard of a client
   */
  constructor(limits: PastRunLimits, shardOf: (client: string) => number = () => 0) {
    this.#limits = limits;
    this.#shardOf = shardOf;
    this.#db = new DatabaseSync(":memory:");
    // SQLite moves temporary tables to an unlinked file once they exceed their cache.
    this.#db.exec(
      `PRAGMA temp_store = FILE; PRAGMA temp.journal_mode = OFF; PRAGMA temp.cache_size = -${CACHE_KIB};
       CREATE TEMP TABLE past_runs (client TEXT, name TEXT, finished_at REAL, id TEXT, state TEXT, created_at REAL,
         started_at REAL, PRIMARY KEY (client, name, finished_at, id)) WITHOUT ROWID;
       CREATE INDEX temp.past_runs_end ON past_runs (finished_at);
       CREATE INDEX temp.past_runs_client_end ON past_runs (client, finished_at)`,
    );
    this.#statements = new Statements(this.#db);
    this.#pastRuns = new PastRunRows(this.#db, limits);
  }

  /**
   * Adds all past runs of a name that the database had when it was opened.
   *
   * @param client the client token
   * @param name the name, as a `nameText`
   * @param pack the past runs
   */
  pack(client: string, name: string, pack: PastRunPack): void {
    this.#unpack(client, name);
    const packs = this.#packs.get(client);
    if (packs === undefined) this.#packs.set(client, new Map([[name, pack]]));
    else packs.set(name, pack);
    this.#packedRuns += pack.count;
    this.#unpacking.start();
  }

  /**
   * Drops the past runs beyond the limit on all runs; call this once all past runs were added by {@linkcode
   * PastRunFile.pack}.
   */
  cut(): void {
    if (this.#packedRuns <= this.#limits.pastRuns) return;
    this.#unpackUntil(Infinity);
    this.#write(() => this.#pastRuns.cutAll());
  }

  /**
   * Returns the past runs that were dropped because of the limit on all runs, for the next commit of their shard to delete.
   */
  droppedOf(shard: number): readonly PastRunKey[] {
    return this.#dropped.get(shard) ?? [];
  }

  /**
   * Forgets dropped past runs that a commit has deleted.
   *
   * @param shard the shard that was committed
   * @param count how many runs the commit has deleted, which are the first ones that {@linkcode PastRunFile.droppedOf}
   * returned
   */
  deleted(shard: number, count: number): void {
    this.#dropped.get(shard)?.splice(0, count);
  }

  /** Adds past runs, and drops past runs beyond the limits. */
  add(rows: readonly PastRunRow[]): void {
    // Beyond the limit on all runs, everything is unpacked in order to find the runs to drop.
    const isFull = this.#pastRuns.count + this.#packedRuns + rows.length > this.#limits.pastRuns;
    if (isFull) this.#unpackUntil(Infinity);
    else for (const [client, name] of rows) this.#unpack(client, name);
    this.#write(() => this.#pastRuns.write(rows));
  }

  /**
   * Returns the rows of a query of the table `past_runs`.
   *
   * @param client the client whose past runs the query reads
   * @param name the name whose past runs it reads; `null` if it reads past runs of all names
   * @param sql the query
   * @param values its parameters
   */
  rows(
    client: string,
    name: string | null,
    sql: string,
    values: readonly (string | number)[],
  ): readonly SideRow[] {
    for (const each of name === null ? [...this.#packs.get(client)?.keys() ?? []] : [name]) {
      this.#unpack(client, each);
    }
    return this.#statements.of(sql).all(...values).map((row) => Object.values(row) as SideRow);
  }

  [Symbol.dispose](): void {
    this.#unpacking.stop();
    this.#db.close();
  }

  #unpack(client: string, name: string): void {
    const packs = this.#packs.get(client);
    const pack = packs?.get(name);
    if (packs === undefined || pack === undefined) return;
    const [finishedAt, ids, states, createdAt, startedAt]: PackedRuns = JSON.parse(pack.runs);
    const rows = ids.map((id, at): PastRunRow => [
      client,
      name,
      finishedAt[at]!,
      id,
      states[at]!,
      createdAt[at]!,
      startedAt[at] ?? null,
    ]);
    this.#write(() => {
      this.#pastRuns.insert(rows);
      return [];
    });
    this.#packedRuns -= pack.count;
    packs.delete(name);
    if (packs.size === 0) this.#packs.delete(client);
  }

  #unpackSome(): void {
    try {
      this.#unpackUntil(performance.now() + UNPACK_MS);
      if (this.#packedRuns > 0) return;
    } catch {
      // If there is no space for the temporary file, unpacking is tried again when the past runs of a name are needed.
    }
    this.#unpacking.stop();
  }

  /** Unpacks past runs until none are left, or until `endMs`, in milliseconds of the monotonic clock. */
  #unpackUntil(endMs: number): void {
    for (const [client, packs] of this.#packs) {
      for (const name of packs.keys()) {
        if (performance.now() > endMs) return;
        this.#unpack(client, name);
      }
    }
  }

  #drop(key: PastRunKey): void {
    const shard = this.#shardOf(key[0]);
    const dropped = this.#dropped.get(shard);
    if (dropped === undefined) this.#dropped.set(shard, [key]);
    else dropped.push(key);
  }

  /** Runs `write` in a transaction, and remembers the past runs that it returns as dropped. */
  #write(write: () => readonly PastRunKey[]): void {
    this.#db.exec("BEGIN");
    try {
      for (const key of write()) this.#drop(key);
    } catch (error) {
      this.#pastRuns.rolledBack();
      throw error;
    } finally {
      this.#db.exec("COMMIT");
    }
  }
}
