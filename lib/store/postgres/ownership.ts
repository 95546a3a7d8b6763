/**
 * Takes a database for one server, and finds out after a lost connection what has become of it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import { SEQ_BLOCK } from "../database/database_store.ts";
import type { Connection } from "./connection.ts";
import type { QueryConfig } from "./pg.d.ts";
import { OWNER_LOCK, SHARDS_VERSION, versionOf } from "./schema.ts";

/** How often to try to take the lock of the database, in milliseconds. */
const LOCK_RETRY_MS = 200;

/** How long to wait for a server that has ended, in milliseconds. */
export const LOCK_WAIT_MS = 12_000;

/** The number of nodes that an error names. */
const NAMED_NODES = 3;

/** The state of a database that a server has taken. */
export interface Taken {
  /** The epoch of the sequence numbers, which changes if another server of PostgreSQL takes the place of this one. */
  readonly epoch: string;
  /** Counts the servers that owned the database. */
  readonly term: number;
  /** The number of commits. */
  readonly commits: number;
  /** The last sequence number that was, or may have been, used. */
  readonly seq: number;
  readonly reservedSeq: number;
  readonly forgottenSeq: number;
}

/** The session of a connection, which may outlive the connection. */
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

/** Ends the session of a lost connection, which may still hold locks, or work on a commit. */
export async function endSession(connection: Connection, { pid, startedAt }: Session): Promise<void> {
  await connection.query({
    text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid = $1 AND backend_start = $2::timestamptz AND pid <> pg_backend_pid()`,
    values: [pid, startedAt],
  });
}

/**
 * An expression that takes the lock of the database together with other nodes of a cluster; false if a server has the
 * database to itself. A node holds it once for every time that it asks for it, until its session ends.
 */
export const SHARE_LOCK = `pg_try_advisory_lock_shared(${OWNER_LOCK})`;

/**
 * Takes the lock of the database for this session alone.
 *
 * @param waitMs how long to wait for the session of a server, or the lease of a node, that has ended, in milliseconds
 * @throws {StorageError} if another server holds it, or a cluster of nodes uses the database
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
 * Takes the lock of the database together with the other nodes of a cluster; the parameters are those of
 * {@linkcode takeLock}.
 *
 * @throws {StorageError} if a server has the database to itself
 */
export async function shareLock(connection: Connection, name: string, waitMs: number): Promise<void> {
  await waitForLock(
    waitMs,
    async () => await isTrue(connection, SHARE_LOCK) ? null : await refusal(connection, name),
  );
}

/** Tries until an attempt returns no error, or throws the last one. */
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

/** Returns whether the lease of a node has not expired. */
async function hasLease(connection: Connection): Promise<boolean> {
  // A database without tasks, or of an earlier version, has no leases.
  if ((await versionOf(connection)).version < SHARDS_VERSION) return false;
  return await isTrue(
    connection,
    "EXISTS (SELECT FROM taskscope.cluster_shards WHERE expires >= clock_timestamp())",
  );
}

/** Returns the error that says who holds the lock. */
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
 * Returns a statement that gives up the tasks that were removed, and that only the last owner could have restored.
 *
 * @param shard the shard of the tasks; `null` for all
 */
export function giveUp(shard: number | null): QueryConfig {
  const ofShard = shard === null ? "" : "AND taskscope.shard_of(client) = $1";
  return {
    text: `WITH gone AS (DELETE FROM taskscope.tasks WHERE removed ${ofShard} RETURNING place)
      INSERT INTO taskscope.purged SELECT place FROM gone ON CONFLICT DO NOTHING`,
    values: shard === null ? [] : [shard],
  };
}

/**
 * Begins a term, reserves sequence numbers above those of every node, deposes the last owners of the shards, and gives up
 * what can no longer be restored.
 */
export async function takeDatabase(connection: Connection): Promise<Taken> {
  const { rows: [row] } = await connection.query({
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
  });
  await connection.query(giveUp(null));
  const { rows: [{ cluster }] } = await connection.query(`SELECT ${CLUSTER} AS cluster`);
  const epoch = epochOf(row.epoch, cluster);
  return { ...row, epoch, seq: row.reservedSeq - SEQ_BLOCK };
}

/** Returns the number of commits of a database; throws if this server no longer owns it. */
export async function readCommits(connection: Connection, name: string, term: number): Promise<number> {
  // The lock waits for a commit that is still under way.
  const { rows: [row] } = await connection.query(
    "SELECT term, commits FROM taskscope.shards WHERE id = 0 FOR UPDATE",
  );
  if (row !== undefined && row.term === term) return row.commits;
  throw new StorageError(
    name,
    row === undefined || row.term < term ? LOST : "another server has taken it over; stop this server",
  );
}

/** Why a server must be started again, if the database has fewer commits than it confirmed. */
export const LOST = "it has lost confirmed changes, as an older backup or a standby has; " +
  "restart this server to go on with what the database has";

/**
 * An expression that identifies the cluster of PostgreSQL, and which promotion of a standby it goes back to: the first
 * eight digits of the name of a WAL file are the timeline.
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
