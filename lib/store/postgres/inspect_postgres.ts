/**
 * Checks a PostgreSQL database, even while a server uses it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { MOVED_TABLES } from "../database/moved_tables.ts";
import { takeLock } from "./ownership.ts";
import { versionOf } from "./schema.ts";
import { refuseUnfinishedMove } from "./unfinished_move.ts";
import { useDatabase } from "./use_database.ts";

/** The contents of a checked database. */
export interface PostgresContents {
  /** The URL without the password. */
  readonly name: string;
  /** The version of the schema. */
  readonly version: number;
  readonly unfinished: number;
  readonly ended: number;
  readonly clients: number;
  /** The size of all tables and indexes, in bytes. */
  readonly bytes: number;
}

/** How long a check may take, in milliseconds. */
const CHECK_MS = 600_000;

/**
 * Checks that a server can use a database, and that every row of it can be read.
 *
 * @param url the URL
 * @param isNewEpoch whether to begin a new epoch; if so, no server may use the database
 * @throws {ConfigError} if the URL is invalid
 * @throws {StorageError} if the database cannot be used, or is damaged
 */
export async function inspectPostgres(url: string, isNewEpoch: boolean): Promise<PostgresContents> {
  return await useDatabase(url, async (connection, { name }) => {
    const { version } = await versionOf(connection);
    if (version === 0) throw new StorageError(name, "it has no tasks: no server has used it yet");
    await refuseUnfinishedMove(connection, name);
    const { rows: [counts] } = await connection.query({
      text: `SELECT count(*) FILTER (WHERE ended_at IS NULL) AS unfinished,
          count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended, count(DISTINCT client) AS clients,
          count(*) FILTER (WHERE length(record::text) < 2) AS broken
        FROM taskscope.tasks WHERE NOT removed`,
      query_timeout: CHECK_MS,
    });
    if (counts.broken > 0) {
      throw new StorageError(name, `${counts.broken} records are damaged; restore a backup`);
    }
    // Adding up the lengths of the rows as text reads every row completely.
    for (const table of MOVED_TABLES) {
      await connection.query({
        text: `SELECT sum(length(t::text)) FROM taskscope.${table.name} t`,
        query_timeout: CHECK_MS,
      });
    }
    const { rows: [{ bytes }] } = await connection.query(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
       FROM pg_class c WHERE relnamespace = 'taskscope'::regnamespace AND relkind = 'r'`,
    );
    if (isNewEpoch) {
      await takeLock(connection, name, 0);
      await connection.query("UPDATE taskscope.shards SET epoch = gen_random_uuid()::text");
    }
    await connection.end();
    const { unfinished, ended, clients } = counts;
    return { name, version, unfinished, ended, clients, bytes };
  });
}
