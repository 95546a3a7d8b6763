/**
 * Loads the tasks of a PostgreSQL database when a store is opened: the summaries of ended tasks, and all of others.
 *
 * @module
 */

import { intern } from "../database/intern.ts";
import { REPLACEMENT } from "../database/storable.ts";
import { SUMMARY_COLUMNS, summaryFrom } from "../database/summary_row.ts";
import { PROGRESS_HISTORY, type SideValue, SUBTASK_SUMS, VALUES } from "../side_tables.ts";
import {
  type EndedTask,
  type OpenedTask,
  type OpenedTasks,
  type RemovedTask,
  TaskInMemory,
} from "../store.ts";
import type { TaskIndex } from "../task_index.ts";
import { summaryOf, type Task } from "../../task/task.ts";
import type { Connection } from "./connection.ts";
import { TaskInDatabase } from "./task_in_database.ts";

/** The number of live tasks that are read at a time. */
const ROWS = 1_000;

/** The time limit of reading them, in milliseconds. */
const READ_MS = 60_000;

/** What else is read of a task that has not ended. */
const LIVE_COLUMNS = `
    CASE WHEN ended_at IS NULL THEN (SELECT sums FROM taskscope.subtasks s WHERE s.place = t.place) END,
    CASE WHEN ended_at IS NULL THEN (SELECT points FROM taskscope.series s WHERE s.place = t.place) END,
    CASE WHEN ended_at IS NULL THEN (SELECT series FROM taskscope.value_series s WHERE s.place = t.place) END`;

/**
 * The tasks in the order of their creation. The record is read if the task has not ended, or the column does not have its
 * whole name.
 */
const SELECT = `SELECT place, client, id, seq, ended_at,
    CASE WHEN ended_at IS NULL OR name LIKE '%${REPLACEMENT}%' THEN record END, ${SUMMARY_COLUMNS}, ${LIVE_COLUMNS}
  FROM taskscope.tasks t WHERE NOT removed ORDER BY place`;

/** What belongs to the tasks at some places that have not ended, without their records. */
const SELECT_LIVE = `SELECT place, client, id, ${LIVE_COLUMNS}
  FROM taskscope.tasks t WHERE place = ANY ($1) AND NOT removed AND ended_at IS NULL ORDER BY place`;

/** A row of {@linkcode SELECT}. */
type Row = readonly [
  place: number,
  client: string,
  id: string,
  seq: number,
  endedAt: number | null,
  record: string | null,
  ...values: SideValue[],
];

/** The values of a {@linkcode Row} from its summary on. */
function valuesOf(row: Row): readonly SideValue[] {
  const [, , , , , , ...values] = row;
  return values;
}

/** The tasks that were loaded into one index. */
class LoadedTasks implements OpenedTasks {
  readonly live: OpenedTask[] = [];
  readonly ended: (EndedTask & { readonly seq: number })[] = [];
}

/**
 * Loads tasks into empty indexes, without the records of ended tasks. Call this in a transaction.
 *
 * @param indexOf returns the index for the tasks of a client; `null` if they are not wanted
 * @returns the tasks by index; an index without tasks may be left out
 * @throws {Error} of `pg`, if a query fails
 */
export async function loadTasks(
  connection: Connection,
  indexOf: (client: string) => TaskIndex | null,
): Promise<ReadonlyMap<TaskIndex, OpenedTasks>> {
  const loaded = new Map<TaskIndex, LoadedTasks>();
  const clients = new Map<string, { readonly index: TaskIndex; readonly tasks: LoadedTasks } | null>();
  const targetOf = (client: string) => {
    let target = clients.get(client);
    if (target !== undefined) return target;
    const index = indexOf(client);
    if (index === null) target = null;
    else {
      const tasks = loaded.get(index) ?? new LoadedTasks();
      loaded.set(index, tasks);
      target = { index, tasks };
    }
    clients.set(client, target);
    return target;
  };
  // The map lets all tasks share one string for each client and each name.
  const texts = new Map<string, string>();
  await connection.stream(SELECT, (row: Row) => {
    const [place, , id, seq, endedAt, record] = row;
    const client = intern(texts, row[1]);
    const target = targetOf(client);
    if (target === null) return;
    const { index, tasks: { live, ended } } = target;
    if (endedAt === null) {
      live.push(openedTask(client, id, valuesOf(row)));
      index.load(client, id, place, new TaskInMemory(JSON.parse(record!) as Task, seq));
    } else {
      ended.push({ client, id, seq, endedAt });
      const summary = record === null
        ? summaryFrom(id, valuesOf(row), texts)
        : summaryOf(JSON.parse(record) as Task);
      index.load(client, id, place, new TaskInDatabase(place, summary!, seq));
    }
  });
  await loadClients(connection, indexOf);
  for (const { ended } of loaded.values()) ended.sort((a, b) => a.seq - b.seq);
  return loaded;
}

/**
 * Loads what belongs to unfinished tasks besides their records, in the order of their creation.
 *
 * @param places the places of the tasks, in order
 * @throws {Error} of `pg`, if a query fails
 */
export async function loadLive(
  connection: Connection,
  places: readonly number[],
): Promise<readonly OpenedTask[]> {
  const live: OpenedTask[] = [];
  for (let start = 0; start < places.length; start += ROWS) {
    const { rows } = await connection.query({
      name: "load_live",
      text: SELECT_LIVE,
      values: [places.slice(start, start + ROWS)],
      rowMode: "array",
      query_timeout: READ_MS,
    });
    for (const row of rows) live.push(openedTask(row[1], row[2], row));
  }
  return live;
}

/** Returns an unfinished task, of a row that ends with {@linkcode LIVE_COLUMNS}. */
function openedTask(client: string, id: string, row: readonly SideValue[]): OpenedTask {
  const [sums = null, points = null, values = null] = row.slice(-3);
  return {
    client,
    id,
    progress: points === null ? [] : PROGRESS_HISTORY.fromRow([points]),
    ...(values !== null && { values: VALUES.fromRow([values]) }),
    ...(sums !== null && { subtasks: SUBTASK_SUMS.fromRow([sums]) }),
  };
}

async function loadClients(
  connection: Connection,
  indexOf: (client: string) => TaskIndex | null,
): Promise<void> {
  const removals = new Map<string, RemovedTask[]>();
  const { rows } = await connection.query("SELECT client, seq, id FROM taskscope.removals ORDER BY seq");
  for (const { client, seq, id } of rows) {
    const known = removals.get(client);
    if (known === undefined) removals.set(client, [{ id, seq }]);
    else known.push({ id, seq });
  }
  const clients = await connection.query(
    "SELECT client, last_seq, forgotten_seq FROM taskscope.clients ORDER BY last_seq",
  );
  for (const { client, last_seq: lastSeq, forgotten_seq: forgottenSeq } of clients.rows) {
    indexOf(client)?.loadClient(client, { lastSeq, forgottenSeq }, removals.get(client) ?? []);
  }
}
