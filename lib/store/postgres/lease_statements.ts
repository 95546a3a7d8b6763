/**
 * The statements that take, renew and release the leases of shards.
 *
 * @module
 */

import type { Fence, Tenure } from "../../cluster/cluster_database.ts";
import { SEQ_BLOCK } from "../database/database_store.ts";
import { CLUSTER, SHARE_LOCK } from "./ownership.ts";
import type { QueryConfig } from "./pg.d.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** A node and the length of its leases. */
export interface Leaseholder {
  readonly node: string;
  readonly leaseMs: number;
  /** The URL at which the other nodes reach this node; `null` if they don't need to. */
  readonly address: string | null;
  /** The version of Taskscope that the node runs. */
  readonly version: string;
  /** Returns the names of the functions that the node can start. */
  readonly names: () => readonly string[];
}

/**
 * The channel of notifications. The payload is the number of a shard and the last committed sequence number, or 0 if
 * the shard is free.
 */
export const CHANNEL = "taskscope_shards";

/** An expression for the end of a lease of $1 milliseconds that begins now. */
const EXPIRES = "clock_timestamp() + $1 * interval '1 millisecond'";

/** The columns from which the epoch is made. All shards have the same epoch. */
const EPOCH = `(SELECT epoch FROM taskscope.shards WHERE id = 0) AS epoch, ${CLUSTER} AS cluster`;

/** The columns of a {@linkcode ShardState}, with {@linkcode EPOCH}. */
const STATE = `id AS shard, term, owner, commits, expires < clock_timestamp() AS "isFree", ${EPOCH}`;

/**
 * Returns the statement that renews leases and the presence of a node, and selects the tenures that were renewed.
 * Locked shards are skipped, so that a heartbeat never waits for a commit.
 */
export function renewStatement(
  { node, leaseMs, address, version, names }: Leaseholder,
  held: readonly Tenure[],
): QueryConfig {
  return {
    name: "renew",
    text: `WITH present AS (
        INSERT INTO taskscope.nodes (id, expires, address, version, names, schema_version)
        VALUES ($2, ${EXPIRES}, $5, $6, $7, ${SCHEMA_VERSION})
        ON CONFLICT (id) DO UPDATE
        SET expires = excluded.expires, address = excluded.address, version = excluded.version, names = excluded.names
      ), gone AS (
        DELETE FROM taskscope.nodes WHERE expires < clock_timestamp() - interval '1 hour' AND id <> $2
      ), held AS (
        SELECT id FROM taskscope.cluster_shards k
        JOIN unnest($3::integer[], $4::bigint[]) AS h (id, term) USING (id, term)
        WHERE owner = $2 ORDER BY id FOR UPDATE OF k SKIP LOCKED
      )
      UPDATE taskscope.cluster_shards s SET expires = ${EXPIRES} FROM held WHERE s.id = held.id
      RETURNING s.id AS shard, s.term`,
    values: [
      ...[leaseMs, node, held.map(({ shard }) => shard), held.map(({ term }) => term)],
      ...[address, version, names()],
    ],
  };
}

/** Returns the statement that selects the address of another present node that can start a function. */
export function starterStatement({ node }: Leaseholder, name: string): QueryConfig {
  return {
    name: "starter",
    text: `SELECT address FROM taskscope.nodes
      WHERE expires >= clock_timestamp() AND id <> $1 AND address IS NOT NULL AND $2 = ANY(names)
      ORDER BY random() LIMIT 1`,
    values: [node, name],
  };
}

/** Returns the statement that selects the state of one shard, or of all shards. */
export function stateStatement(shard: number | null): QueryConfig {
  return {
    name: "state",
    text: `SELECT ${STATE} FROM taskscope.cluster_shards WHERE id = coalesce($1, id) ORDER BY id`,
    values: [shard],
  };
}

/** Selects the nodes that are present, and the time of the database in epoch milliseconds. */
export const NODES_STATEMENT: QueryConfig = {
  name: "nodes",
  text: `SELECT id, extract(epoch FROM clock_timestamp())::double precision * 1000 AS "nowMs"
    FROM taskscope.nodes WHERE expires >= clock_timestamp() ORDER BY id`,
};

/** Selects the data that the present nodes have stored about themselves, and the number of shards that each owns. */
export const MEMBERS_STATEMENT: QueryConfig = {
  name: "members",
  text: `SELECT n.id, address, version, extract(epoch FROM since)::double precision AS since,
      (SELECT count(*) FROM taskscope.cluster_shards s
        WHERE s.owner = n.id AND s.expires >= clock_timestamp()) AS shards
    FROM taskscope.nodes n WHERE n.expires >= clock_timestamp() ORDER BY since, n.id`,
};

/** Selects each shard whose lease has not expired, with its owner. */
export const OWNERS_STATEMENT: QueryConfig = {
  name: "owners",
  text: `SELECT s.id AS shard, owner, address FROM taskscope.cluster_shards s
    LEFT JOIN taskscope.nodes n ON n.id = owner WHERE s.expires >= clock_timestamp() AND owner IS NOT NULL`,
};

/**
 * Returns the statement that takes free shards, begins a new term of each, and reserves sequence numbers. The statement
 * takes no shard while a single server owns the whole database. If such a server is gone, the statement deposes it, and
 * reserves numbers above those of that server.
 */
export function takeStatement({ node, leaseMs }: Leaseholder, shards: readonly number[]): QueryConfig {
  return {
    name: "take",
    // If two nodes take shards at the same time, the second one skips the shards that the first one has locked.
    text: `WITH lock AS MATERIALIZED (SELECT ${SHARE_LOCK} AS shared), free AS (
        SELECT id FROM taskscope.cluster_shards k, lock
        WHERE shared AND id = ANY($3) AND (owner = $2 OR expires < clock_timestamp())
        ORDER BY id FOR UPDATE OF k SKIP LOCKED
      ), server AS (
        UPDATE taskscope.shards SET term = term + 1 WHERE id = 0 AND EXISTS (SELECT FROM free)
        RETURNING reserved_seq
      )
      UPDATE taskscope.cluster_shards s
      SET term = term + 1, owner = $2, expires = ${EXPIRES},
        reserved_seq = greatest(s.reserved_seq, server.reserved_seq) + $4
      FROM free, server WHERE s.id = free.id
      RETURNING s.id AS shard, term, commits, s.reserved_seq AS "reservedSeq", ${EPOCH}`,
    values: [leaseMs, node, shards, SEQ_BLOCK],
  };
}

/** Returns the statement that frees shards, and notifies the other nodes. */
export function releaseStatement({ node }: Leaseholder, held: readonly Tenure[]): QueryConfig {
  return {
    name: "release",
    text: `WITH freed AS (
        UPDATE taskscope.cluster_shards s SET owner = NULL, expires = '-infinity'
        FROM unnest($2::integer[], $3::bigint[]) AS h (id, term)
        WHERE s.id = h.id AND s.term = h.term AND s.owner = $1 RETURNING s.id
      )
      SELECT pg_notify('${CHANNEL}', id || ' 0') FROM freed`,
    values: [node, held.map(({ shard }) => shard), held.map(({ term }) => term)],
  };
}

/** Returns the statement that ends the presence of a node. */
export function leaveStatement({ node }: Leaseholder): QueryConfig {
  return { text: "DELETE FROM taskscope.nodes WHERE id = $1", values: [node] };
}

/**
 * Returns the first statement of a commit's transaction, which counts the commit and renews the lease. A division by
 * zero raises an error if the node does not own the shard in this term, or if the commit was already carried out: the
 * statements after this one are already on their way.
 *
 * Comparing only the term would not suffice: a standby that is promoted without the newest commits can assign the same
 * term again, perhaps to another node.
 *
 * @param seq the last sequence number of the commit; `null` if it has none
 */
export function fenceStatement(
  { node, leaseMs }: Leaseholder,
  { shard, term, commits }: Fence,
  seq: number | null,
): QueryConfig {
  return {
    name: "fence",
    text: `WITH fence AS (
        UPDATE taskscope.cluster_shards
        SET commits = commits + 1, expires = ${EXPIRES}, committed_seq = coalesce($6::bigint, committed_seq)
        WHERE id = $3 AND owner = $2 AND term = $4 AND commits = $5 RETURNING id, committed_seq
      ), told AS (
        SELECT pg_notify('${CHANNEL}', id || ' ' || committed_seq) FROM fence
      )
      SELECT 1 / count(*) FROM told`,
    values: [leaseMs, node, shard, term, commits, seq],
  };
}
