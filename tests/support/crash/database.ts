/**
 * The database of a server that is killed: a file, or PostgreSQL, which can be killed as well.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../../lib/errors.ts";
import { inspectPostgres } from "../../../lib/store/postgres/inspect_postgres.ts";
import type { PostgresCluster } from "../postgres_cluster.ts";

/** A database, and how to examine it after a crash. */
export interface CrashDatabase {
  /** What the server gets as `--data`. */
  readonly data: string;
  /** Checks the integrity of the database; resolves with `"ok"`, or the errors. */
  integrity(): Promise<string>;
  /** Kills the server of the database; absent if it has none. */
  readonly kill?: () => void;
  /** Starts the server of the database again. */
  readonly restart?: () => void;
}

/** Returns a database in a file, which need not exist. */
export function fileDatabase(file: string): CrashDatabase {
  return { data: file, integrity: () => integrityOf(file) };
}

/** Returns the database of a cluster. */
export function postgresDatabase(cluster: PostgresCluster): CrashDatabase {
  return {
    data: cluster.url,
    integrity: async () => {
      try {
        await inspectPostgres(cluster.url, false);
        return "ok";
      } catch (error) {
        if (error instanceof StorageError) return error.reason;
        throw error;
      }
    },
    kill: () => cluster.kill(),
    restart: () => cluster.restart(),
  };
}

/**
 * Checks the integrity of a database after a crash; checks a copy, so that the next server finds the file unchanged.
 *
 * @returns `"ok"`, or the errors that SQLite found
 */
async function integrityOf(file: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-copy-" });
  try {
    for (const suffix of ["", "-wal"]) {
      await Deno.copyFile(`${file}${suffix}`, `${folder}/copy.db${suffix}`).catch((error) => {
        // The write-ahead log may be missing: the database file is then complete.
        if (!(suffix !== "" && error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    const db = new DatabaseSync(`${folder}/copy.db`);
    try {
      return db.prepare("PRAGMA integrity_check").all().map((row) => Object.values(row).join()).join("; ");
    } finally {
      db.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
