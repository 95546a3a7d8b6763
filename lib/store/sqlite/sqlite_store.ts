/**
 * Stores tasks in an SQLite database. Unfinished tasks are also in memory; the records of ended tasks are only on disk.
 * A worker writes to the database.
 *
 * @module
 */

import { DatabaseStore, type DatabaseStoreLimits, SEQ_BLOCK } from "../database/database_store.ts";
import type { Opened } from "../database/database.ts";
import type { Durability } from "../store.ts";
import { TaskIndex } from "../task_index.ts";
import type { DatabaseFile, ReadValue } from "./database_file.ts";
import { loadIndex } from "./load_index.ts";
import { TASK_TABLES } from "./schema.ts";
import { SqliteDatabase } from "./sqlite_database.ts";

/** The limits of a {@linkcode SqliteStore}: how many removals, side table entries and past runs it keeps. */
export type SqliteStoreLimits = DatabaseStoreLimits;

/** Options of a {@linkcode SqliteStore}. */
export interface SqliteStoreOptions {
  /** The path of the database. */
  readonly file: string;
  readonly durability: Durability;
  /** The epoch of a new database. */
  readonly epoch: string;
  readonly limits: SqliteStoreLimits;
  /** The maximum time that a change waits to be committed together with others, in milliseconds. */
  readonly commitIntervalMs: number;
  /** Called with a message for the operator. */
  readonly notice: (text: string) => void;
}

/** Stores tasks in an SQLite database. */
export class SqliteStore extends DatabaseStore {
  /**
   * Opens a database, and creates it if it does not exist.
   *
   * @param options the file, the durability and the limits
   * @throws {StorageError} if the file cannot be used
   */
  constructor(options: SqliteStoreOptions) {
    const { file, durability, limits, notice } = options;
    const index = new TaskIndex(limits);
    const database = new SqliteDatabase({ path: file, durability, limits, index, notice });
    super(database, database.opened((file) => openTasks(file, index, options.epoch)), options);
  }
}

/** Reserves sequence numbers, deletes removed tasks, which can no longer be restored, and loads all other tasks. */
function openTasks(file: DatabaseFile, index: TaskIndex, newEpoch: string): Opened {
  const epoch = String(metaIn(file, "epoch") ?? newEpoch);
  const seq = Number(metaIn(file, "reserved_seq") ?? 0);
  const reservedSeq = seq + SEQ_BLOCK;
  file.write([
    ["INSERT OR IGNORE INTO meta (name, value) VALUES ('epoch', ?)", epoch],
    ["INSERT OR REPLACE INTO meta (name, value) VALUES ('reserved_seq', CAST(? AS INTEGER))", reservedSeq],
    // Counts how often a server has opened the file, so that a move can detect that the file may have changed.
    ["INSERT INTO meta (name, value) VALUES ('term', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"],
    ...PURGES,
  ]);
  const removed: number[] = [];
  const tasks = loadIndex(file, index, (place) => removed.push(place));
  if (removed.length > 0) {
    const mark = "UPDATE tasks SET removed = 1 WHERE place IN (SELECT value FROM json_each(?))";
    file.write([[mark, JSON.stringify(removed)], ...PURGES]);
  }
  index.sortByChange(Number(metaIn(file, "forgotten_seq") ?? 0));
  return { epoch, seq, reservedSeq, index, tasks };
}

function metaIn(file: DatabaseFile, name: string): ReadValue | undefined {
  return file.row("SELECT value FROM meta WHERE name = ?", name)?.[0];
}

/**
 * The statements that delete the tasks that were removed before the store was last closed. These tasks can no longer be
 * restored.
 */
const PURGES: readonly (readonly [string])[] = [
  ...TASK_TABLES.filter((table) => table !== "tasks").map((table) =>
    [`DELETE FROM ${table} WHERE place IN (SELECT place FROM tasks WHERE removed = 1)`] as const
  ),
  ["DELETE FROM tasks WHERE removed = 1"],
];
