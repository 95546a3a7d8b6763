/**
 * Takes a database for a single server, and finds out after a lost connection whether the server still owns it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import { SEQ_BLOCK } from "../database/database_store.ts";
import type { Connection } from "./connection.ts";
import type { QueryConfig } from "./pg.d.ts";
import { OWNER_LOCK, SHARDS_VERSION, versionOf } from "./schema.ts";

/** The interval between attempts to take the lock of the database, in milliseconds. */
const LOCK_RETRY_MS = 200;

/** How long to wait until the lock of a server that is gone becomes free, in milliseconds. */
export const LOCK_WAIT_MS = 12_000;

/** The maximum number of nodes that an error message names. */
const NAMED_NODES = 3;

/** The state of a database that a server has taken. */
export interface Taken {
  /**
   * The epoch of the sequence numbers, which changes if another PostgreSQL server takes over, such as a promoted
   * standby.
   */
  readonly epoch: string;
  /** The number of the term, which increases each time a server takes the database. */
  readonly term: number;
  /** The number of commits to the database. */
  readonly commits: number;
  /** The last sequence number that was, or may have been, used. */
  readonly seq: number;
  readonly reservedSeq: number;
  readonly forgottenSeq: number;
}

/** Identifies the session of a connection; a session may outlive its connection. */
export interface Session {
  readonly pid: number;
  readonly startedAt: string;
}

/** Returns the session of a connection. */
export async function sessionOf(connection: Connection): Promise<Session> {
  const { rows: [row] } = await connection.query(
    `SELECT pid, backend_start::text AS "startedAt" FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
  );
  return row;
}

/**
 * Ends the sessions of lost connections, because they may still hold locks, or work on a commit.
 *
 * @returns those of the sessions that had not ended yet, and may take a moment to do so
 */
export async function endSessions(
  connection: Connection,
  sessions: readonly Session[],
): Promise<readonly Session[]> {
  const { rows } = await connection.query({
    text: `SELECT pid, backend_start::text AS "startedAt", pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE (pid, backend_start) IN (SELECT * FROM unnest($1::int[], $2::timestamptz[]))
        AND pid <> pg_backend_pid()`,
    values: [sessions.map(({ pid }) => pid), sessions.map(({ startedAt }) => startedAt)],
  });
  return rows.map(({ pid, startedAt }) => ({ pid, startedAt }));
}

/**
 * An expression that takes the shared lock of the database, which all nodes of a cluster can hold; false if a single
 * server holds the exclusive lock. A session that takes the lock several times holds it as many times, until the
 * session ends.
 */
export const SHARE_LOCK = `pg_try_advisory_lock_shared(${OWNER_LOCK})`;

/**
 * Takes the exclusive lock of the database for this session.
 *
 * @param waitMs how long to wait until the lock of a server that is gone, or the lease of such a node, has ended, in
 * milliseconds
 * @throws {StorageError} if another server holds the lock, or a cluster of nodes uses the database
 */
export async function takeLock(connection: Connection, name: string, waitMs: number): Promise<void> {
  await waitForLock(waitMs, async () => {
    if (!await isTrue(connection, `pg_try_advisory_lock(${OWNER_LOCK})`)) {
      return await refusal(connection, name);
    }
    if (!await hasLease(connection)) return null;
    await connection.query(`SELECT pg_advisory_unlock(${OWNER_LOCK})`);
    return await clusterRefusal(connection, name);
  });
}

/**
 * Takes the shared lock of the database for a node of a cluster; the parameters are those of {@linkcode takeLock}.
 *
 * @throws {StorageError} if a single server owns the database
 */
export async function shareLock(connection: Connection, name: string, waitMs: number): Promise<void> {
  await waitForLock(
    waitMs,
    async () => await isTrue(connection, SHARE_LOCK) ? null : await refusal(connection, name),
  );
}

/** Repeats an attempt until it returns no error; after `waitMs`, throws the last error. */
async function waitForLock(waitMs: number, attempt: () => Promise<StorageError | null>): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const error = await attempt();
    if (error === null) return;
    if (performance.now() > endMs) throw error;
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}

async function isTrue(connection: Connection, expression: string): Promise<boolean> {
  return (await connection.query(`SELECT ${expression} AS is_true`)).rows[0].is_true;
}

/** Returns whether any node has a lease that has not expired. */
async function hasLease(connection: Connection): Promise<boolean> {
  // A database without a schema, or with that of an earlier version, has no leases.
  if ((await versionOf(connection)).version < SHARDS_VERSION) return false;
  return await isTrue(
    connection,
    "EXISTS (SELECT FROM taskscope.cluster_shards WHERE expires >= clock_timestamp())",
  );
}

/** Returns the error that names the holder of the lock. */
async function refusal(connection: Connection, name: string): Promise<StorageError> {
  const { rows: [holder] } = await connection.query(
    `SELECT mode, coalesce(host(client_addr), 'this machine') AS host FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted
       AND classid = ${Math.floor(OWNER_LOCK / 2 ** 32)} AND objid = ${OWNER_LOCK % 2 ** 32}
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  if (holder?.mode === "ShareLock") return await clusterRefusal(connection, name);
  const host = holder === undefined ? "" : ` on ${holder.host === null ? "another host" : holder.host}`;
  return new StorageError(name, `another server${host} uses it; stop that server, or name another database`);
}

async function clusterRefusal(connection: Connection, name: string): Promise<StorageError> {
  const { rows: [{ nodes }] } = await connection.query(
    `SELECT string_agg(id, ', ' ORDER BY id) AS nodes
     FROM (SELECT id FROM taskscope.nodes WHERE expires >= clock_timestamp() LIMIT ${NAMED_NODES}) n`,
  );
  const which = nodes === null ? "" : `: ${nodes}`;
  return new StorageError(
    name,
    `a cluster of nodes uses it${which}; stop the nodes, or join them with --advertise`,
  );
}

/**
 * Returns a statement that deletes removed tasks, which only the previous owner could have restored.
 *
 * @param shard the shard of the tasks; `null` for all shards
 */
export function giveUp(shard: number | null): QueryConfig {
  const ofShard = shard === null ? "" : "AND taskscope.shard_of(client) = $1";
  return {
    text: `WITH gone AS (DELETE FROM taskscope.tasks WHERE removed ${ofShard} RETURNING place)
      INSERT INTO taskscope.purged SELECT place FROM gone ON CONFLICT DO NOTHING`,
    values: shard === null ? [] : [shard],
  };
}

/** Begins a term, reserves sequence numbers, and deposes the last owners of all shards. */
const TAKE: QueryConfig = {
  text: `WITH deposed AS (
        UPDATE taskscope.cluster_shards SET term = term + 1, owner = NULL
        RETURNING committed_seq, reserved_seq, forgotten_seq
      ), last AS (
        SELECT max(committed_seq) AS committed, max(reserved_seq) AS reserved, max(forgotten_seq) AS forgotten
        FROM deposed
      )
      UPDATE taskscope.shards
      SET term = term + 1, committed_seq = greatest(committed_seq, committed),
        reserved_seq = greatest(reserved_seq, reserved) + $1, forgotten_seq = greatest(forgotten_seq, forgotten)
      FROM last WHERE id = 0
      RETURNING epoch, term, commits, reserved_seq AS "reservedSeq", forgotten_seq AS "forgottenSeq"`,
  values: [SEQ_BLOCK],
};

/**
 * Begins a term of a single server: deposes the last owners of all shards, reserves sequence numbers above those of
 * every node, and deletes removed tasks, which can no longer be restored.
 */
export async function takeDatabase(connection: Connection): Promise<Taken> {
  const [{ rows: [row] }, { rows: [{ cluster }] }] = await Promise.all([
    connection.query(TAKE),
    connection.query(`SELECT ${CLUSTER} AS cluster`),
    connection.query(giveUp(null)),
  ]);
  const epoch = epochOf(row.epoch, cluster);
  return { ...row, epoch, seq: row.reservedSeq - SEQ_BLOCK };
}

/** Returns the number of commits of a database; throws if this server no longer owns it. */
export async function readCommits(connection: Connection, name: string, term: number): Promise<number> {
  // The row lock waits for a commit that is still in progress.
  const { rows: [row] } = await connection.query(
    "SELECT term, commits FROM taskscope.shards WHERE id = 0 FOR UPDATE",
  );
  if (row !== undefined && row.term === term) return row.commits;
  throw new StorageError(
    name,
    row === undefined || row.term < term ? LOST : "another server has taken it over; stop this server",
  );
}

/** The error message if the database has fewer commits than it has confirmed, so that the server must be restarted. */
export const LOST = "it has lost confirmed changes, as an older backup or a standby has; " +
  "restart this server to go on with what the database has";

/**
 * An expression that identifies the PostgreSQL installation and its timeline, which changes when a standby is promoted:
 * the first eight digits of the name of a WAL file are the timeline.
 */
export const CLUSTER =
  `(SELECT system_identifier::text || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
  FROM pg_control_system())`;

/**
 * Returns the epoch of sequence numbers.
 *
 * @param stored the part that the database stores
 * @param cluster the value of {@linkcode CLUSTER}
 */
export function epochOf(stored: string, cluster: string): string {
  const digest = sha256(new TextEncoder().encode(`${stored} ${cluster}`));
  return Array.from(digest.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
