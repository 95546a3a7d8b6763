/**
 * Defines the schema of a PostgreSQL database and its migrations.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { SIDE_TABLES } from "../side_tables.ts";
import type { Connection } from "./connection.ts";

/** The schema version that this program writes. */
export const SCHEMA_VERSION = 7;

/**
 * The keys of two advisory locks: the one that a session holds while it migrates, and the one of the server that owns
 * the database.
 */
export const MIGRATION_LOCK = 0x7473_6b73_0001;
export const OWNER_LOCK = 0x7473_6b73_0002;

/** The tables, besides `tasks`, each of whose rows belongs to one task, which the column "place" identifies. */
export const SIDE_TABLE_NAMES: readonly string[] = SIDE_TABLES.map(({ name }) => name);

/**
 * The migrations: the one at index n migrates from version n to n + 1; version 0 is a database without the schema. A
 * migration only adds to the schema, so that the previous release continues to work. Texts are compared by their bytes,
 * because the sort order of a language may change with the system. All times are in epoch seconds.
 */
const MIGRATIONS: readonly string[] = [
  `
  -- One row. A program that supports no version from min_version on must not use the database.
  CREATE TABLE taskscope.meta (version integer NOT NULL, min_version integer NOT NULL);
  INSERT INTO taskscope.meta VALUES (0, 0);

  -- One row, which every commit updates first. "term" counts the servers that owned the database.
  CREATE TABLE taskscope.shards (
    id integer PRIMARY KEY,
    epoch text NOT NULL,
    term bigint NOT NULL DEFAULT 0,
    commits bigint NOT NULL DEFAULT 0,
    committed_seq bigint NOT NULL DEFAULT 0,
    reserved_seq bigint NOT NULL DEFAULT 0,
    forgotten_seq bigint NOT NULL DEFAULT 0
  );
  INSERT INTO taskscope.shards (id, epoch) VALUES (0, gen_random_uuid()::text);

  CREATE TABLE taskscope.clients (
    client text COLLATE "C" PRIMARY KEY,
    last_seq bigint NOT NULL,
    forgotten_seq bigint NOT NULL
  );

  -- "place" is the order of creation; "ended_at" is the time of the server.
  CREATE TABLE taskscope.tasks (
    place bigint PRIMARY KEY,
    client text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    created_at double precision NOT NULL,
    started_at double precision,
    updated_at double precision NOT NULL,
    finished_at double precision,
    progress double precision,
    parent_id text COLLATE "C",
    retry_of text COLLATE "C",
    ended_at double precision,
    removed boolean NOT NULL,
    record json NOT NULL
  ) WITH (fillfactor = 70);
  CREATE INDEX tasks_client ON taskscope.tasks (client, id);
  CREATE INDEX tasks_removed ON taskscope.tasks (place) WHERE removed;

  -- The summaries of runs, which outlive their tasks. Names are JSON texts.
  CREATE TABLE taskscope.past_runs (
    client text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    finished_at double precision NOT NULL,
    id text COLLATE "C" NOT NULL,
    state text NOT NULL,
    created_at double precision NOT NULL,
    started_at double precision,
    PRIMARY KEY (client, name, finished_at, id)
  );
  CREATE INDEX past_runs_end ON taskscope.past_runs (finished_at);

  CREATE TABLE taskscope.removals (
    client text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (client, seq)
  );

  -- The tasks whose rows in the tables below are still to be deleted.
  CREATE TABLE taskscope.purged (place bigint PRIMARY KEY);

  CREATE TABLE taskscope.log_lines (
    place bigint NOT NULL,
    number bigint NOT NULL,
    at double precision NOT NULL,
    text text NOT NULL,
    stream text,
    level text,
    PRIMARY KEY (place, number)
  );
  CREATE TABLE taskscope.history (
    place bigint NOT NULL,
    version bigint NOT NULL,
    at double precision NOT NULL,
    state text NOT NULL,
    status text NOT NULL,
    progress double precision,
    is_state integer NOT NULL,
    PRIMARY KEY (place, version)
  );
  -- JSON: the progress as [[time, progress], …]; the values over time; the name and the arguments of a start; the
  -- sums over subtasks.
  CREATE TABLE taskscope.series (place bigint PRIMARY KEY, points text NOT NULL);
  CREATE TABLE taskscope.value_series (place bigint PRIMARY KEY, series text NOT NULL);
  CREATE TABLE taskscope.launches (place bigint PRIMARY KEY, launch text NOT NULL);
  CREATE TABLE taskscope.subtasks (place bigint PRIMARY KEY, sums text NOT NULL);

  CREATE TABLE taskscope.deliveries (
    id text COLLATE "C" PRIMARY KEY,
    queued bigint GENERATED ALWAYS AS IDENTITY,
    receiver text NOT NULL,
    event text NOT NULL,
    client text NOT NULL,
    task_id text NOT NULL,
    seq bigint NOT NULL,
    at double precision NOT NULL,
    size integer NOT NULL,
    text text NOT NULL
  );
  `,
  `
  -- The node that owns a shard, and the end of its lease by the clock of the database.
  ALTER TABLE taskscope.shards
    ADD COLUMN owner text COLLATE "C",
    ADD COLUMN expires timestamptz NOT NULL DEFAULT '-infinity';

  -- The nodes of a cluster, and the time at which each counts as gone unless it sends another heartbeat.
  CREATE TABLE taskscope.nodes (id text COLLATE "C" PRIMARY KEY, expires timestamptz NOT NULL);
  `,
  `
  -- The settings that the nodes of a cluster share: a secret, and the fingerprint of the key that all nodes must have.
  ALTER TABLE taskscope.meta
    ADD COLUMN secret text NOT NULL DEFAULT gen_random_uuid()::text || gen_random_uuid()::text,
    ADD COLUMN key_fingerprint text;

  -- The address at which the other nodes reach a node, its version, and the time at which it joined.
  ALTER TABLE taskscope.nodes
    ADD COLUMN address text,
    ADD COLUMN version text NOT NULL DEFAULT '',
    ADD COLUMN since timestamptz NOT NULL DEFAULT now();

  -- The latest commits in a cluster: the last sequence number of each commit and of the commit before it, the places of
  -- the tasks that it changed, and its removals as [[client, id, seq], …].
  CREATE TABLE taskscope.commits (
    seq bigint PRIMARY KEY,
    after_seq bigint NOT NULL,
    places bigint[] NOT NULL,
    removed text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  `,
  `
  -- The fingerprint of the key that nodes may still have during a change of the key.
  ALTER TABLE taskscope.meta ADD COLUMN previous_key_fingerprint text;
  `,
  `
  -- The shards of the tasks, each of which one node of a cluster owns. The counters in the table "shards" are
  -- those of a single server that owns the whole database. Sequence numbers continue above the numbers in both tables.
  CREATE TABLE taskscope.cluster_shards (
    id integer PRIMARY KEY,
    term bigint NOT NULL DEFAULT 0,
    commits bigint NOT NULL DEFAULT 0,
    committed_seq bigint NOT NULL DEFAULT 0,
    reserved_seq bigint NOT NULL DEFAULT 0,
    forgotten_seq bigint NOT NULL DEFAULT 0,
    owner text COLLATE "C",
    expires timestamptz NOT NULL DEFAULT '-infinity'
  );
  INSERT INTO taskscope.cluster_shards (id) VALUES (0);

  -- Returns the shard of a client; must agree with shardOf() in the program.
  CREATE FUNCTION taskscope.shard_of(client text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 0;

  ALTER TABLE taskscope.commits ADD COLUMN shard integer NOT NULL DEFAULT 0;
  ALTER TABLE taskscope.commits DROP CONSTRAINT commits_pkey, ADD PRIMARY KEY (shard, seq);

  -- Keeps a node of an earlier version that wakes up from taking the only shard that it knows again.
  UPDATE taskscope.shards SET owner = NULL, expires = 'infinity';
  `,
  `
  -- The names of the functions that a node can start.
  ALTER TABLE taskscope.nodes ADD COLUMN names text[] NOT NULL DEFAULT '{}';
  `,
  `
  -- All tasks were in one shard; the sequence numbers of the other shards begin above those of this shard.
  INSERT INTO taskscope.cluster_shards (id, committed_seq, reserved_seq, forgotten_seq)
    SELECT generate_series(1, 15), committed_seq, reserved_seq, forgotten_seq FROM taskscope.cluster_shards;
  CREATE OR REPLACE FUNCTION taskscope.shard_of(client text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN
    (get_byte(sha256(convert_to(client, 'UTF8')), 0) * 256 + get_byte(sha256(convert_to(client, 'UTF8')), 1)) % 16;

  -- A node of an earlier version that wakes up can commit nothing and take no shard: its term has ended, and it can't
  -- send a heartbeat, because heartbeats must now state the schema version that the node knows.
  UPDATE taskscope.cluster_shards SET term = term + 1, owner = NULL WHERE owner IS NOT NULL;
  DELETE FROM taskscope.nodes;
  ALTER TABLE taskscope.nodes ADD COLUMN schema_version integer NOT NULL;
  `,
];

/** The number of shards in the database. */
export const SHARDS = 16;

/** The lowest version that a program must support to use a database that this program has migrated. */
const MIN_VERSION = 7;

/** The first schema version with the present number of shards. Nodes of earlier versions can't use these shards. */
export const SHARDS_VERSION = 7;

/** The first version with leases. */
const LEASES_VERSION = 2;

/**
 * Creates the schema, or migrates it to the version of this program, in one transaction.
 *
 * @throws {StorageError} if a newer program has written the schema and this one cannot use it
 */
export async function migrate(connection: Pick<Connection, "query">, name: string): Promise<void> {
  await connection.query("BEGIN");
  try {
    await connection.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const { version, minVersion } = await versionOf(connection);
    if (minVersion > SCHEMA_VERSION) {
      throw new StorageError(
        name,
        `a newer Taskscope wrote it (schema version ${version}, while this version supports up to ` +
          `${SCHEMA_VERSION}); use that version, or another database`,
      );
    }
    if (version < SCHEMA_VERSION) {
      await refuseEarlierNodes(connection, name, version);
      if (version === 0) await connection.query("CREATE SCHEMA IF NOT EXISTS taskscope");
      for (const step of MIGRATIONS.slice(version)) await connection.query(step);
      await connection.query(
        `UPDATE taskscope.meta SET version = ${SCHEMA_VERSION}, min_version = ${MIN_VERSION}`,
      );
    }
    await connection.query("COMMIT");
  } catch (error) {
    await connection.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Refuses to migrate the shards while nodes of earlier versions use them. */
async function refuseEarlierNodes(
  connection: Pick<Connection, "query">,
  name: string,
  version: number,
): Promise<void> {
  if (version < LEASES_VERSION || version >= SHARDS_VERSION) return;
  const { rows: [{ count }] } = await connection.query(
    "SELECT count(*) FROM taskscope.nodes WHERE expires >= clock_timestamp()",
  );
  if (count === 0) return;
  throw new StorageError(
    name,
    "nodes of an earlier version use it, which cannot share it with this one; stop all of them first",
  );
}

/**
 * Returns the version of a database's schema, and the lowest version that a program must support; both are 0 if there
 * is no schema.
 */
export async function versionOf(
  connection: Pick<Connection, "query">,
): Promise<{ readonly version: number; readonly minVersion: number }> {
  const { rows: [known] } = await connection.query(
    "SELECT to_regclass('taskscope.meta') IS NOT NULL AS known",
  );
  if (!known.known) return { version: 0, minVersion: 0 };
  const { rows: [meta] } = await connection.query("SELECT version, min_version FROM taskscope.meta");
  return { version: meta.version, minVersion: meta.min_version };
}
