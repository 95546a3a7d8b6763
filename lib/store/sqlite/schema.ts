/**
 * Defines the database schema and its migrations.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { SIDE_TABLES } from "../side_tables.ts";
import { defineRecordChecksum } from "./record_checksum.ts";

/** The schema version that this program reads and writes. */
export const SCHEMA_VERSION = 12;

/**
 * The application id that marks a database as one of this program: "tsks" in ASCII (SQLite, PRAGMA
 * application_id).
 */
export const APPLICATION_ID = 0x74736b73;

/** The tables each of whose rows belongs to one task, which the column "place" identifies. */
export const TASK_TABLES: readonly string[] = [
  "tasks",
  "records",
  "runs",
  ...SIDE_TABLES.map(({ name }) => name),
];

/**
 * The migrations: the one at index n migrates from schema version n to n + 1; version 0 is an empty database.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

  -- The data that is remembered of a client besides its tasks.
  CREATE TABLE clients (
    client TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    forgotten_seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Small rows, because all of them are read at every start; "place" is the order of creation.
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
  // Adds the reporter to each record; it is `null`, because all earlier tasks ran in the server.
  `
  UPDATE records SET record = json_set(record, '$.reporter', NULL, '$.report_seq', NULL);
  `,
  // Adds the table of messages queued for delivery. The text is the last column, so that the other columns
  // can be read without it.
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
  // Adds the summaries of ended tasks, so that lists and statistics need not read every record. SQLite
  // truncates a name at a NUL; such a name is replaced by a marker, so that the reader takes the name from
  // the record.
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
  // Adds the range of the ETA to each record.
  `
  UPDATE records SET record = json_set(record, '$.eta_low', NULL, '$.eta_high', NULL);
  `,
  // Adds the progress histories, as JSON arrays of [time, progress].
  `
  CREATE TABLE series (place INTEGER PRIMARY KEY, points TEXT NOT NULL) STRICT;
  `,
  // Adds the sums over subtasks, as JSON objects, and the fields of the record that they need. It is unknown whether
  // the subtasks of a running task existed before the first one made progress, and whether a task with subtasks
  // reported its own progress; both count as false.
  `
  CREATE TABLE subtasks (place INTEGER PRIMARY KEY, sums TEXT NOT NULL) STRICT;
  CREATE TEMP TABLE children AS
    SELECT place, client, record ->> '$.parent_id' AS parent_id, record ->> '$.weight' AS weight, ended_at
    FROM tasks JOIN records USING (place) WHERE removed = 0 AND record ->> '$.parent_id' IS NOT NULL;
  CREATE INDEX temp.children_parent ON children (client, parent_id);
  INSERT INTO subtasks
    SELECT tasks.place,
      json_object('ended', count(*), 'share', 0, 'weight', sum(weight), 'upFront', json('false'))
    FROM tasks CROSS JOIN children ON children.client = tasks.client AND parent_id = id
    WHERE tasks.ended_at IS NULL AND children.ended_at IS NOT NULL GROUP BY tasks.place;
  UPDATE records SET record = json_set(record, '$.share', NULL, '$.expected_weight', NULL, '$.own_progress',
    json(iif(record ->> '$.current' IS NOT NULL OR record ->> '$.progress' IS NOT NULL AND place NOT IN (
      SELECT tasks.place FROM tasks CROSS JOIN children ON children.client = tasks.client AND parent_id = id
    ), 'true', 'false')));
  DROP TABLE children;
  `,
  // Adds the checksums of the records. The column of the checksum precedes that of the record, which may continue on
  // other pages.
  `
  ALTER TABLE records RENAME TO unchecked;
  CREATE TABLE records (
    place INTEGER PRIMARY KEY,
    checksum INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  INSERT INTO records SELECT place, record_checksum(place, record), record FROM unchecked;
  DROP TABLE unchecked;
  `,
  // Adds the outputs and the severities of log lines; they are unknown for existing lines.
  `
  ALTER TABLE log_lines ADD COLUMN stream TEXT;
  ALTER TABLE log_lines ADD COLUMN level TEXT;
  `,
  // Adds the summaries of past runs, which outlive their tasks, and fills them from the tasks that have ended.
  // Names are JSON texts; see `past_run_rows.ts`.
  `
  CREATE TABLE past_runs (
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    finished_at REAL NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    PRIMARY KEY (client, name, finished_at, id)
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO past_runs
    SELECT client, record -> '$.name', finished_at, id, state, created_at, started_at
    FROM runs JOIN tasks USING (place) JOIN records USING (place)
    WHERE finished_at IS NOT NULL AND json_valid(record) AND json_type(record, '$.name') = 'text';
  CREATE INDEX past_runs_end ON past_runs (finished_at);
  `,
  // Adds the expected duration to each record; it is unknown for existing records. Damaged records are not changed, so
  // that the damage can still be detected.
  `
  UPDATE records SET
    record = json_set(record, '$.expected_duration', NULL),
    checksum = record_checksum(place, json_set(record, '$.expected_duration', NULL))
  WHERE record_checksum(place, record) = checksum AND json_valid(record);
  `,
  // Adds the values over time, as JSON objects, and the number of values to each intact record.
  `
  CREATE TABLE value_series (place INTEGER PRIMARY KEY, series TEXT NOT NULL) STRICT;
  UPDATE records SET (record, checksum) = (
    SELECT counted, record_checksum(place, counted)
    FROM (SELECT json_set(record, '$.value_count', 0) AS counted)
  ) WHERE record_checksum(place, record) = checksum AND json_valid(record);
  `,
];

/** The first schema version whose records have checksums. */
export const CHECKSUM_VERSION = 8;

/** Returns the schema version of a database; 0 if the database is empty. */
export function schemaVersion(db: DatabaseSync): number {
  return numberOf(db, "PRAGMA user_version");
}

/** Returns whether a database belongs to another program. */
export function isForeign(db: DatabaseSync): boolean {
  if (numberOf(db, "PRAGMA application_id") === APPLICATION_ID) return false;
  return numberOf(db, "SELECT count(*) FROM sqlite_schema") > 0;
}

/**
 * Migrates a database to the schema version of this program, in one transaction.
 *
 * @param db a database whose version is not above {@linkcode SCHEMA_VERSION}
 * @param migrations the migrations to apply
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = schemaVersion(db);
  if (version === migrations.length) return;
  defineRecordChecksum(db);
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

/** Returns the single number that is the result of a query. */
function numberOf(db: DatabaseSync, query: string): number {
  const [value] = Object.values(db.prepare(query).get() ?? {});
  return Number(value ?? 0);
}
