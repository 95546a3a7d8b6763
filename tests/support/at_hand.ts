/**
 * Reads the records of stored tasks.
 *
 * @module
 */

import type { StoredTask, TaskRecord, TaskStore } from "../../lib/store/store.ts";

/** Returns a task with its record, which must be in memory or in a SQLite file, not only in PostgreSQL. */
export function atHand(stored: StoredTask | undefined): TaskRecord {
  if (stored === undefined || !("task" in stored)) throw new Error("there is no record at hand");
  return stored as TaskRecord;
}

/** Reads a task with its record from any store; `undefined` if it does not exist. */
export async function recordIn(
  store: TaskStore,
  client: string,
  id: string,
): Promise<TaskRecord | undefined> {
  const stored = store.index.get(client, id);
  return stored && (await store.records([stored]))[0];
}
