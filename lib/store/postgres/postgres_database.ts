/**
 * A PostgreSQL database of one server: commits on one connection, reads on others.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { UnrefInterval } from "../../unref_interval.ts";
import type { BatchMessage, DirtyTask } from "../database/batch.ts";
import type { Database } from "../database/database.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { Delivery } from "../store.ts";
import { commitStatements } from "./commit_statements.ts";
import { Connection } from "./connection.ts";
import { exclusiveFence } from "./exclusive_fence.ts";
import { lastSeq } from "./last_seq.ts";
import { endSessions, LOST, readCommits, type Session, sessionOf, takeLock } from "./ownership.ts";
import type { PastRunFile } from "./past_run_file.ts";
import { pastRunStatements } from "./past_run_statements.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { codeOf, postgresError } from "./postgres_errors.ts";
import { PostgresBase } from "./postgres_base.ts";
import { type PostgresLimits, PostgresReads } from "./postgres_reads.ts";
import { checkServer } from "./server_checks.ts";
import { transact } from "./transact.ts";

/**
 * The interval at which an idle connection is tested, and the maximum time that it may take to respond, in
 * milliseconds.
 */
const PING_MS = 5_000;

/**
 * The time limit of the statements of a commit, in milliseconds. The limit doubles each time that the statements exceed
 * it.
 */
const COMMIT_MS = 10_000;
const MOST_COMMIT_MS = 320_000;

/** How long to wait for the lock, which the session of the lost connection may still hold, in milliseconds. */
const RELOCK_MS = 2_000;

/** A database that a server has taken. */
export interface PostgresDatabaseOptions {
  readonly address: PostgresAddress;
  /** The connection that holds the lock of the database. */
  readonly connection: Connection;
  readonly session: Session;
  readonly term: number;
  readonly commits: number;
  readonly pastRuns: PastRunFile;
  readonly deliveries: readonly Delivery[];
  readonly limits: PostgresLimits;
}

/** The database of a PostgreSQL store. */
export class PostgresDatabase extends PostgresBase implements Database {
  readonly #address: PostgresAddress;
  readonly #term: number;
  readonly #limits: PastRunLimits;
  readonly #ping: UnrefInterval;
  #connection: Connection;
  /** The sessions that may hold the lock of the database: that of the connection, and those of lost connections. */
  #sessions: readonly Session[];
  #reconnecting: Promise<void> | null = null;
  /** The number of commits that are confirmed. */
  #commits: number;
  /** Whether the next commit was found to be committed already, although its result was lost. */
  #isAhead = false;
  /** The time limit of the statements of the next commit, in milliseconds. */
  #timeoutMs = COMMIT_MS;
  /** Whether statements wait for their results. */
  #isBusy = false;

  /** @param options the database, which this object closes */
  constructor(options: PostgresDatabaseOptions) {
    super(new PostgresReads(options.address, options.pastRuns, options.limits.recordCacheCharacters), 0);
    this.#address = options.address;
    this.#term = options.term;
    this.#commits = options.commits;
    this.#limits = options.limits;
    this.loaded(options.deliveries);
    this.#connection = options.connection;
    this.#sessions = [options.session];
    this.#watch(options.connection);
    this.reads.sweeper.start();
    this.#ping = new UnrefInterval(() => this.#tryConnection(), PING_MS);
    this.#ping.start();
  }

  async write(batch: BatchMessage, tasks: ReadonlyMap<number, DirtyTask>): Promise<void> {
    const dropped = this.reads.pastRuns.droppedOf(this.shard);
    await this.#use(async (connection) => {
      if (!this.#isAhead) {
        await transact(connection, "write", [
          exclusiveFence(batch, { term: this.#term, commits: this.#commits, seq: lastSeq(batch) }),
          ...commitStatements(batch, tasks),
          ...pastRunStatements(batch.pastRuns, this.#limits, dropped),
        ], this.#timeoutMs);
      }
      this.#isAhead = false;
      this.#commits++;
      this.#timeoutMs = COMMIT_MS;
    });
    this.committed(batch, dropped.length);
  }

  override async check(): Promise<void> {
    await this.#use(async (connection) => void await connection.query("SELECT 1"));
  }

  async close(): Promise<void> {
    this.#ping.stop();
    await this.reads[Symbol.asyncDispose]();
    if (!this.#connection.isLost) await this.#connection.end().catch(() => {});
  }

  /** Runs statements on the connection, which is reopened if it was lost. */
  async #use(run: (connection: Connection) => Promise<void>): Promise<void> {
    this.#isBusy = true;
    try {
      if (this.#connection.isLost) {
        await (this.#reconnecting ??= this.#reconnect().finally(() => this.#reconnecting = null));
      }
      await run(this.#connection);
    } catch (cause) {
      // After an unexpected error, the next attempt begins with a new connection and finds out what is committed.
      if (!isRefusal(cause)) this.#connection.cut();
      // A commit that is only slow would never succeed if its time limit did not grow.
      if (/timeout/i.test(String(cause))) this.#timeoutMs = Math.min(2 * this.#timeoutMs, MOST_COMMIT_MS);
      throw postgresError(this.name, cause);
    } finally {
      this.#isBusy = false;
    }
  }

  async #reconnect(): Promise<void> {
    const connection = await Connection.open(this.#address);
    try {
      await checkServer(connection, this.name);
      const session = await sessionOf(connection);
      // If an attempt fails after it has taken the lock, its session may outlive its connection, too.
      this.#sessions = [...await endSessions(connection, this.#sessions), session];
      await takeLock(connection, this.name, RELOCK_MS);
      const commits = await readCommits(connection, this.name, this.#term);
      if (commits < this.#commits) throw new StorageError(this.name, LOST);
      this.#isAhead = commits > this.#commits;
      this.#sessions = [session];
    } catch (error) {
      connection.cut();
      throw error;
    }
    this.#connection = connection;
    this.#watch(connection);
  }

  #watch(connection: Connection): void {
    connection.onLoss = (error) => {
      if (!this.#isBusy) this.onLoss?.(postgresError(this.name, error));
    };
  }

  /** Detects that the server no longer responds while there is nothing to write. */
  #tryConnection(): void {
    const connection = this.#connection;
    if (this.#isBusy || connection.isLost) return;
    connection.query({ text: "SELECT 1", query_timeout: PING_MS }).catch((error) => {
      if (connection.isLost && connection !== this.#connection) return;
      connection.cut();
      this.onLoss?.(postgresError(this.name, error));
    });
  }
}

/** Returns whether the server has refused a statement, so that the connection is still good and nothing is committed. */
function isRefusal(error: unknown): boolean {
  // Errors of the classes 53 (insufficient resources) and 42 (no permission), exceeded limits, and a read-only
  // database.
  return /^(53100|53200|53400|42501|25006|54000)$/.test(codeOf(error));
}
