/**
 * Loads the index of a store when the store is opened.
 *
 * @module
 */

import { DamagedRecordError } from "../../errors.ts";
import { summaryOf, type Task, type TaskSummary } from "../../task/task.ts";
import { TaskMap } from "../../task/task_map.ts";
import type { SideValue } from "../side_tables.ts";
import type { EndedTask, OpenedTask, OpenedTasks, RemovedTask } from "../store.ts";
import { TaskInMemory } from "../task_in_memory.ts";
import type { TaskIndex } from "../task_index.ts";
import type { DatabaseFile } from "./database_file.ts";
import { intern } from "../database/intern.ts";
import { openedTask } from "../database/opened_task.ts";
import { SUMMARY_COLUMNS, summaryFrom } from "../database/summary_row.ts";
import { type RecordReader, TaskOnDisk } from "./task_on_disk.ts";
import { SqliteRecords } from "./sqlite_records.ts";

/** The number of rows that are read at a time; reading all rows at once would double the peak memory use. */
const ROWS = 1_000;

/** The index of the first column of a summary. */
const SUMMARY_AT = 5;

/**
 * Loads the tasks of a database into an empty index.
 *
 * @param file the database
 * @param index the index
 * @param onRemoved called with the place of each task that was removed, but is not marked as removed, because the
 * process ended before it had purged the task; such tasks are not loaded
 */
export function loadIndex(
  file: DatabaseFile,
  index: TaskIndex,
  onRemoved: (place: number) => void,
): OpenedTasks {
  const removals = loadRemovals(file);
  const live: OpenedTask[] = [];
  const ended: (EndedTask & { readonly seq: number })[] = [];
  // The map lets all tasks share one string for each client and each name.
  const texts = new Map<string, string>();
  const records = new SqliteRecords(file);
  let place = -1;
  for (let isLast = false; !isLast;) {
    const rows = file.rows(
      // The query uses CASE instead of a join, so that no record is looked up for tasks that have ended.
      `SELECT place, client, id, seq, ended_at, ${SUMMARY_COLUMNS},
         CASE WHEN ended_at IS NULL THEN (SELECT sums FROM subtasks WHERE subtasks.place = tasks.place) END,
         CASE WHEN ended_at IS NULL THEN (SELECT points FROM series WHERE series.place = tasks.place) END,
         CASE WHEN ended_at IS NULL THEN (SELECT series FROM value_series v WHERE v.place = tasks.place) END
       FROM tasks LEFT JOIN runs USING (place) WHERE place > ? ORDER BY place LIMIT ${ROWS}`,
      place,
    );
    for (const row of rows) {
      place = Number(row[0]);
      index.skip(place);
      const [client, id, seq] = [intern(texts, String(row[1])), String(row[2]), Number(row[3])];
      if ((removals.last.get(client, id) ?? 0) > seq) {
        onRemoved(place);
        continue;
      }
      if (index.node(client, id) !== undefined) leaveOutEarlier(client, id);
      if (row[4] === null) {
        const task = intactTask(records, place, id);
        if (task === null) continue;
        live.push(openedTask(client, id, row.slice(-3) as SideValue[]));
        index.load(client, id, place, new TaskInMemory(task, seq));
      } else {
        const columns = row.slice(SUMMARY_AT) as SideValue[];
        const summary = summaryFrom(id, columns, texts) ?? summaryIn(intactTask(records, place, id));
        if (summary === null) continue;
        ended.push({ client, id, seq, endedAt: Number(row[4]) });
        index.load(client, id, place, new TaskOnDisk(records, place, summary, seq));
      }
    }
    isLast = rows.length < ROWS;
  }
  loadClients(file, index, removals.byClient);
  return { live, ended: ended.sort((a, b) => a.seq - b.seq) };

  /** Skips an earlier task with a damaged record if another task has since taken its id. */
  function leaveOutEarlier(client: string, id: string): void {
    const { place } = index.node(client, id)!;
    index.leaveOut(client, id, place);
    for (const tasks of [live, ended]) {
      const at = tasks.findIndex((task) => task.client === client && task.id === id);
      if (at >= 0) tasks.splice(at, 1);
    }
    file.onDamage?.(place);
  }
}

function summaryIn(task: Task | null): TaskSummary | null {
  return task === null ? null : summaryOf(task);
}

/** Returns the record of a task; `null` if it is damaged. */
function intactTask(records: RecordReader, place: number, id: string): Task | null {
  try {
    return records.task(place, id);
  } catch (error) {
    if (!(error instanceof DamagedRecordError)) throw error;
    return null;
  }
}

/** The removals that are remembered. */
interface Removals {
  /** The removals of each client, in order. */
  readonly byClient: Map<string, RemovedTask[]>;
  /** The sequence number of the last removal of each task. */
  readonly last: TaskMap<number>;
}

function loadRemovals(file: DatabaseFile): Removals {
  const removals: Removals = { byClient: new Map(), last: new TaskMap() };
  for (const row of file.rows("SELECT client, seq, id FROM removals ORDER BY seq")) {
    const [client, seq, id] = [String(row[0]), Number(row[1]), String(row[2])];
    const known = removals.byClient.get(client);
    if (known === undefined) removals.byClient.set(client, [{ id, seq }]);
    else known.push({ id, seq });
    removals.last.set(client, id, seq);
  }
  return removals;
}

function loadClients(
  file: DatabaseFile,
  index: TaskIndex,
  removals: ReadonlyMap<string, readonly RemovedTask[]>,
): void {
  const clients = file.rows("SELECT client, last_seq, forgotten_seq FROM clients ORDER BY last_seq");
  for (const [client, lastSeq, forgottenSeq] of clients) {
    const memory = { lastSeq: Number(lastSeq), forgottenSeq: Number(forgottenSeq) };
    index.loadClient(String(client), memory, removals.get(String(client)) ?? []);
  }
}
