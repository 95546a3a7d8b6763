/**
 * A {@linkcode ResumeDisk} on a real database: held back by a lock, failed by a trigger, crashed by copying its files.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { MonitorLimits } from "../../../lib/config/limits.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite_store.ts";
import type { TaskStore } from "../../../lib/store/store.ts";
import type { DiskMood, ResumeDisk } from "./disk.ts";

/** The real timers, saved before a test replaces them by a fake clock. */
const { setTimeout: startTimer } = globalThis;

/** How long to wait for the store's worker to finish writing, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/** Fails commits with a trigger that raises SQLite's error for a full disk. */
const BREAK = `CREATE TRIGGER trouble BEFORE INSERT ON clients
  BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`;
const MEND = "DROP TRIGGER IF EXISTS trouble";

/** A folder with a database, and another database after each crash. */
export class SqliteDisk implements ResumeDisk {
  mood: DiskMood = "well";
  readonly #limits: MonitorLimits;
  readonly #pass: (milliseconds: number) => void;
  readonly #folder: string;
  #number = 0;
  #store: SqliteStore | null = null;
  /** The connection that holds commits back and fails them. */
  #gate: DatabaseSync | null = null;
  /** The disposals of crashed stores. */
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
      // A failed commit is retried a second later.
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

  /** Lets commits succeed. */
  #open(): void {
    if (this.mood === "holding") this.#gate?.exec("ROLLBACK");
    if (this.mood === "failing") this.#gate?.exec(MEND);
    this.mood = "well";
  }
}

/**
 * Holds back all commits to a database.
 *
 * @param file its path
 * @returns a function that releases them
 */
export function holdCommits(file: string): () => void {
  const gate = new DatabaseSync(file);
  gate.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; BEGIN IMMEDIATE`);
  return () => gate.close();
}

/**
 * Copies a database that is being written to, as a crash at this moment would leave it.
 *
 * @param from its path
 * @param to the path of the copy
 */
export function copyDatabase(from: string, to: string): void {
  const reader = new DatabaseSync(from);
  // During a read transaction, no page is overwritten that is not in the write-ahead log, and the log is not restarted.
  reader.exec("BEGIN; SELECT count(*) FROM meta");
  Deno.copyFileSync(from, to);
  Deno.copyFileSync(`${from}-wal`, `${to}-wal`);
  reader.close();
}

/** Removes the trigger from a closed database; returns the sequence number of its last change. */
function mend(file: string): number {
  const db = new DatabaseSync(file);
  // A worker that was terminated while writing releases its lock a moment later.
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

/** Runs one turn of the event loop, independent of the fake clock. */
function turn(): Promise<void> {
  return new Promise((resolve) => void startTimer(resolve, 0));
}
