/**
 * A {@linkcode ResumeDisk} with a real database: a lock holds commits back, a trigger makes them fail, and a copy of the
 * files stands for a crash.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { MonitorLimits } from "../../../lib/config/limits.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite_store.ts";
import type { TaskStore } from "../../../lib/store/store.ts";
import type { DiskMood, ResumeDisk } from "./disk.ts";

/** The real timer function, stored before a fake clock replaces it. */
const { setTimeout: startTimer } = globalThis;

/** The time to wait until the store's worker has finished writing, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/** The statement that makes commits fail, by a trigger that raises SQLite's error for a full disk. */
const BREAK = `CREATE TRIGGER trouble BEFORE INSERT ON clients
  BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`;
const MEND = "DROP TRIGGER IF EXISTS trouble";

/** A folder with a database; each crash creates another database in it. */
export class SqliteDisk implements ResumeDisk {
  mood: DiskMood = "well";
  readonly #limits: MonitorLimits;
  readonly #pass: (milliseconds: number) => void;
  readonly #folder: string;
  #number = 0;
  #store: SqliteStore | null = null;
  /** The connection that holds commits back and makes them fail. */
  #gate: DatabaseSync | null = null;
  /** The pending disposals of the stores that have crashed. */
  readonly #lost: Promise<void>[] = [];

  /**
   * @param limits the limits of the stores
   * @param pass advances the fake clock of the store's timers
   */
  constructor(limits: MonitorLimits, pass: (milliseconds: number) => void) {
    this.#limits = limits;
    this.#pass = pass;
    this.#folder = Deno.makeTempDirSync({ prefix: "taskscope-" });
  }

  open(): TaskStore {
    const { commitIntervalMs } = this.#limits;
    const file = this.#file;
    this.#store = new SqliteStore({
      file,
      durability: "normal",
      epoch: "kept",
      limits: this.#limits,
      commitIntervalMs,
      notice: (text) => {
        throw new Error(text);
      },
    });
    this.#gate = new DatabaseSync(file);
    this.#gate.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return this.#store;
  }

  hold(): void {
    this.#gate?.exec("BEGIN IMMEDIATE");
    this.mood = "holding";
  }

  fail(): void {
    this.#gate?.exec(BREAK);
    this.mood = "failing";
    this.#store?.committed().catch(() => {});
  }

  async heal(): Promise<void> {
    this.#open();
    while (this.#store !== null && this.#store.degradation !== null) {
      // The store retries a failed commit after a second.
      this.#pass(1_000);
      await turn();
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    if (this.mood === "holding") await turn();
    else await this.#store?.committed().catch(() => {});
    for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve();
  }

  async close(): Promise<number> {
    if (this.mood === "holding") this.#open();
    this.#gate?.close();
    this.#gate = null;
    const store = this.#store;
    this.#store = null;
    await store?.[Symbol.asyncDispose]().catch(() => {});
    this.mood = "well";
    return mend(this.#file);
  }

  crash(): Promise<number> {
    const gate = this.#gate!;
    const old = this.#file;
    this.#number++;
    const kept = this.#file;
    copyDatabase(old, kept);
    this.#open();
    gate.close();
    this.#gate = null;
    this.#lost.push(this.#store![Symbol.asyncDispose]().catch(() => {}));
    this.#store = null;
    return Promise.resolve(mend(kept));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await Promise.all(this.#lost);
    Deno.removeSync(this.#folder, { recursive: true });
  }

  get #file(): string {
    return `${this.#folder}/${this.#number}.db`;
  }

  /** Makes commits succeed again. */
  #open(): void {
    if (this.mood === "holding") this.#gate?.exec("ROLLBACK");
    if (this.mood === "failing") this.#gate?.exec(MEND);
    this.mood = "well";
  }
}

/**
 * Holds all commits to a database back.
 *
 * @param file the path of the database
 * @returns a function that releases the commits
 */
export function holdCommits(file: string): () => void {
  const gate = new DatabaseSync(file);
  gate.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; BEGIN IMMEDIATE`);
  return () => gate.close();
}

/**
 * Copies a database that is being written to, in the state in which a crash at this moment would leave it.
 *
 * @param from the path of the database
 * @param to the path of the copy
 */
export function copyDatabase(from: string, to: string): void {
  const reader = new DatabaseSync(from);
  // During a read transaction, SQLite does not restart the write-ahead log, or overwrite pages that are not in it.
  reader.exec("BEGIN; SELECT count(*) FROM meta");
  Deno.copyFileSync(from, to);
  Deno.copyFileSync(`${from}-wal`, `${to}-wal`);
  reader.close();
}

/** Removes the trigger from a closed database; returns the sequence number of the last change in the database. */
function mend(file: string): number {
  const db = new DatabaseSync(file);
  // A worker that was terminated while it wrote releases its lock a moment later.
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; ${MEND}`);
  const [last] = db.prepare(
    `SELECT max(seq) AS seq FROM (
      SELECT last_seq AS seq FROM clients UNION ALL
      SELECT value FROM meta WHERE name = 'forgotten_seq'
    )`,
  ).all();
  db.close();
  return Number(last?.seq ?? 0);
}

/** Waits for one real turn of the event loop, regardless of the fake clock. */
function turn(): Promise<void> {
  return new Promise((resolve) => void startTimer(resolve, 0));
}
