/**
 * The database: its tables, and how those of an older program become those of this one.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { SIDE_TABLES } from "../side_tables.ts";

/** The version of the tables that this program reads and writes. */
export const SCHEMA_VERSION = 6;

/** Marks a file as a database of this program: "tsks" (SQLite, PRAGMA application_id). */
export const APPLICATION_ID = 0x74736b73;

/** The tables with rows of single tasks, identified by their column "place". */
export const TASK_TABLES: readonly string[] = [
  "tasks",
  "records",
  "runs",
  ...SIDE_TABLES.map(({ name }) => name),
];

/** Each step leads from one version to the next; the first one begins with an empty file. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

  -- What is remembered of a client beside its tasks.
  CREATE TABLE clients (
    client TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    forgotten_seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Small rows, as all of them are read at every start; "place" is the order of creation.
  CREATE TABLE tasks (
    place INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    ended_at REAL,
    removed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX tasks_removed ON tasks (place) WHERE removed = 1;

  CREATE TABLE records (place INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE launches (place INTEGER PRIMARY KEY, launch TEXT NOT NULL) STRICT;

  CREATE TABLE removals (
    client TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (client, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE log_lines (
    place INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (place, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE history (
    place INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    progress REAL,
    is_state INTEGER NOT NULL,
    PRIMARY KEY (place, version)
  ) STRICT, WITHOUT ROWID;
  `,
  // Records say who reports them; all that there were ran in the server.
  `
  UPDATE records SET record = json_set(record, '$.reporter', NULL, '$.report_seq', NULL);
  `,
  // What receivers are still to be told. The text is last, so that the rest is read without it.
  `
  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    event TEXT NOT NULL,
    client TEXT NOT NULL,
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    size INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  `,
  // What lists and statistics need of tasks that have ended, so that they need not read a record for each. A name with a
  // NUL is marked as one that has to be read there, as SQLite ends it at that.
  `
  CREATE TABLE runs (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    updated_at REAL NOT NULL,
    finished_at REAL,
    progress REAL,
    parent_id TEXT,
    retry_of TEXT
  ) STRICT;
  INSERT INTO runs
    SELECT place, iif(instr(record, '\\u0000'), char(65533), record ->> '$.name'), record ->> '$.state',
      record ->> '$.created_at', record ->> '$.started_at', record ->> '$.updated_at', record ->> '$.finished_at',
      record ->> '$.progress', record ->> '$.parent_id', record ->> '$.retry_of'
    FROM tasks JOIN records USING (place) WHERE ended_at IS NOT NULL;
  `,
  // Records say between what bounds the time left is.
  `
  UPDATE records SET record = json_set(record, '$.eta_low', NULL, '$.eta_high', NULL);
  `,
  // How the progress of tasks moved: lists of times and values, in JSON.
  `
  CREATE TABLE series (place INTEGER PRIMARY KEY, points TEXT NOT NULL) STRICT;
  `,
];

/** The version of the tables in a database; 0 where there are none yet. */
export function schemaVersion(db: DatabaseSync): number {
  return numberOf(db, "PRAGMA user_version");
}

/** Whether a database holds tables of another program. */
export function isForeign(db: DatabaseSync): boolean {
  if (numberOf(db, "PRAGMA application_id") === APPLICATION_ID) return false;
  return numberOf(db, "SELECT count(*) FROM sqlite_schema") > 0;
}

/**
 * Brings the tables to the version of this program, all steps or none.
 *
 * @param db a database whose version is not above {@linkcode SCHEMA_VERSION}
 * @param migrations the steps
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = schemaVersion(db);
  if (version === migrations.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The only number in the only row of an answer. */
function numberOf(db: DatabaseSync, query: string): number {
  const [value] = Object.values(db.prepare(query).get() ?? {});
  return Number(value ?? 0);
}
