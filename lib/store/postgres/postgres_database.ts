/**
 * A PostgreSQL database of one server: commits on one connection, reads on others.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { summaryOf } from "../../task/task.ts";
import { UnrefInterval } from "../../unref_interval.ts";
import type { BatchMessage, DirtyTask } from "../database/batch.ts";
import type { Database, LogSearchRequest } from "../database/database.ts";
import type { LogMatches } from "../log_search.ts";
import type { PastRunRow } from "../database/past_run_rows.ts";
import { TaskOnDisk } from "../database/task_on_disk.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, StoredTask } from "../store.ts";
import { commit } from "./commit.ts";
import { commitStatements } from "./commit_statements.ts";
import { pastRunStatements } from "./past_run_statements.ts";
import { Connection, openReaders } from "./connection.ts";
import { endSession, LOST, readCommits, type Session, sessionOf, takeLock } from "./ownership.ts";
import type { Pool, QueryConfig } from "./pg.d.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { codeOf, postgresError } from "./postgres_errors.ts";
import type { RecordFile } from "./record_file.ts";
import { searchLog } from "./search_log.ts";
import { checkServer } from "./server_checks.ts";
import { Sweeper } from "./sweeper.ts";

/** How often an idle connection is tried, and how long it may take to respond, in milliseconds. */
const PING_MS = 5_000;

/** The time limit of the statements of a commit, which doubles each time that they exceed it, in milliseconds. */
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
  /** The records of ended tasks. */
  readonly records: RecordFile;
  readonly deliveries: readonly Delivery[];
  /** How many past runs to keep, and how long. */
  readonly limits: PastRunLimits;
}

/** The database of a PostgreSQL store. */
export class PostgresDatabase implements Database {
  readonly name: string;
  readonly damaged = 0;
  onLoss: ((error: StorageError) => void) | null = null;
  readonly #address: PostgresAddress;
  readonly #term: number;
  readonly #records: RecordFile;
  readonly #limits: PastRunLimits;
  readonly #deliveries: Map<string, Delivery>;
  readonly #readers: Pool;
  readonly #sweeper: Sweeper;
  readonly #ping: UnrefInterval;
  #connection: Connection;
  #session: Session;
  /** The number of commits that are confirmed. */
  #commits: number;
  /** Whether the next commit was found to be done, although its result was lost. */
  #isAhead = false;
  /** The time limit of the statements of the next commit, in milliseconds. */
  #timeoutMs = COMMIT_MS;
  /** Whether statements wait for their results. */
  #isBusy = false;

  /** @param options the database, which this object closes */
  constructor(options: PostgresDatabaseOptions) {
    this.#address = options.address;
    this.name = options.address.name;
    this.#term = options.term;
    this.#commits = options.commits;
    this.#records = options.records;
    this.#limits = options.limits;
    this.#deliveries = new Map(options.deliveries.map((delivery) => [delivery.id, delivery]));
    this.#connection = options.connection;
    this.#session = options.session;
    this.#watch(options.connection);
    this.#readers = openReaders(options.address);
    this.#sweeper = new Sweeper(this.#readers);
    this.#sweeper.start();
    this.#ping = new UnrefInterval(() => this.#tryConnection(), PING_MS);
    this.#ping.start();
  }

  async write(batch: BatchMessage, tasks: ReadonlyMap<number, DirtyTask>): Promise<void> {
    await this.#use(async (connection) => {
      if (!this.#isAhead) {
        const seqs = batch.clients.map(([, lastSeq]) => lastSeq);
        const seq = seqs.length === 0 ? null : Math.max(...seqs);
        const fence = { term: this.#term, commits: this.#commits, seq };
        await commit(connection, [
          ...commitStatements(batch, tasks, fence),
          ...pastRunStatements(batch.pastRuns, this.#limits, this.#records.dropped),
        ], this.#timeoutMs);
      }
      this.#isAhead = false;
      this.#commits++;
      this.#timeoutMs = COMMIT_MS;
    });
    for (
      const { 0: id, 1: receiver, 2: event, 3: client, 4: taskId, 5: seq, 6: at, 7: size } of batch.deliveries
    ) {
      this.#deliveries.set(id, { id, receiver, event, task: { client, id: taskId }, seq, at, size });
    }
    for (const id of batch.removedDeliveries) this.#deliveries.delete(id);
    this.#keepPastRuns(batch.pastRuns);
    if (batch.purged.length === 0) return;
    for (const place of batch.purged) this.#records.delete(place);
    this.#sweeper.start();
  }

  async check(): Promise<void> {
    await this.#use(async (connection) => void await connection.query("SELECT 1"));
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#ping.stop();
    await this.#sweeper.close();
    await this.#readers.end();
    if (!this.#connection.isLost) await this.#connection.end().catch(() => {});
    this.#records[Symbol.dispose]();
  }

  ended(place: number, stored: StoredTask): StoredTask {
    try {
      this.#records.put(place, stored.json);
    } catch {
      // Without room for the temporary file, the record stays in memory.
      return stored;
    }
    return new TaskOnDisk(this.#records, place, summaryOf(stored.task), stored.seq);
  }

  async sideRows<Entry>(
    { name, columns, keyOf }: SideTable<Entry>,
    place: number,
    range?: KeyRange,
  ): Promise<readonly SideRow[]> {
    const select = `SELECT ${columns.join(", ")} FROM taskscope.${name} WHERE place = $1`;
    if (keyOf === null) return await this.#read({ text: select, values: [place] });
    const { from = 0, to = Infinity, most = Infinity } = range ?? {};
    const [key] = columns;
    return await this.#read({
      text: `${select} AND ${key} >= $2 AND ${key} < $3 ORDER BY ${key} LIMIT $4`,
      // In PostgreSQL, LIMIT NULL means no limit.
      values: [place, whole(from), whole(to), Number.isFinite(most) ? most : null],
    });
  }

  localRows(sql: string, ...values: (string | number)[]): readonly SideRow[] {
    return this.#records.rows(sql, values);
  }

  async searchLog(request: LogSearchRequest): Promise<LogMatches> {
    try {
      return await searchLog(this.#readers, request);
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }

  deliveries(): readonly Delivery[] {
    return [...this.#deliveries.values()];
  }

  async deliveryText(id: string): Promise<string | undefined> {
    const [row] = await this.#read({
      text: "SELECT text FROM taskscope.deliveries WHERE id = $1",
      values: [id],
    });
    return row === undefined ? undefined : String(row[0]);
  }

  #keepPastRuns(rows: readonly PastRunRow[]): void {
    if (rows.length === 0) return;
    this.#records.dropped = [];
    try {
      this.#records.addPastRuns(rows);
    } catch {
      // Without room for the temporary file, the runs are known only after the next start.
    }
  }

  async #read(query: QueryConfig): Promise<readonly SideRow[]> {
    try {
      return (await this.#readers.query({ ...query, rowMode: "array" })).rows;
    } catch (cause) {
      throw postgresError(this.name, cause);
    }
  }

  /** Runs statements on the connection, which is opened again if it was lost. */
  async #use(run: (connection: Connection) => Promise<void>): Promise<void> {
    this.#isBusy = true;
    try {
      if (this.#connection.isLost) await this.#reconnect();
      await run(this.#connection);
    } catch (cause) {
      // After an unexpected error, the next attempt finds out what is committed.
      if (!isRefusal(cause)) this.#connection.cut();
      // A commit that only takes long would otherwise never succeed.
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
      await endSession(connection, this.#session);
      const session = await sessionOf(connection);
      await takeLock(connection, this.name, RELOCK_MS);
      const commits = await readCommits(connection, this.name, this.#term);
      if (commits < this.#commits) throw new StorageError(this.name, LOST);
      this.#isAhead = commits > this.#commits;
      this.#session = session;
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

  /** Notices that the server no longer responds, although nothing is to be written. */
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
  // Errors of classes 53 (no room), 42 (no permission), and of a read-only database.
  return /^(53100|53200|53400|42501|25006|54000)$/.test(codeOf(error));
}

/** Returns a bound as a number that the server can read. */
function whole(number: number): number {
  return Number.isFinite(number) ? Math.ceil(number) : Number.MAX_SAFE_INTEGER;
}
