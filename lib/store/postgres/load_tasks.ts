/**
 * Loads the tasks of a PostgreSQL database when a store is opened: the summaries of ended tasks, and all data of
 * unfinished tasks.
 *
 * @module
 */

import { intern } from "../database/intern.ts";
import { openedTask } from "../database/opened_task.ts";
import { REPLACEMENT } from "../database/storable.ts";
import { SUMMARY_COLUMNS } from "../database/summary_row.ts";
import type { SideRow, SideValue } from "../side_tables.ts";
import type { EndedTask, OpenedTask, OpenedTasks, RemovedTask } from "../store.ts";
import { TaskInMemory } from "../task_in_memory.ts";
import type { TaskIndex } from "../task_index.ts";
import { summaryOf, type Task, type TaskState, type TaskSummary } from "../../task/task.ts";
import type { Connection } from "./connection.ts";
import { TaskInDatabase } from "./task_in_database.ts";

/** The number of tasks that are read at a time. */
const PAGE = 1_000;

/**
 * The time limit of reading the records of one page, while the rows of its side tables are read, too, in milliseconds.
 */
const READ_MS = 120_000;

/** The columns that are read for every task. */
const COLUMNS = ["place", "client", "id", "seq", "ended_at", ...SUMMARY_COLUMNS.split(", ")];

/** The columns that are never null, and that contain no characters that JSON escapes. */
const PLAIN_COLUMNS: ReadonlySet<string> = new Set(["client", "id", "state"]);

/**
 * Selects the tasks in the order of their creation, one page per row. Each column is a JSON array, because `pg` takes
 * longer to parse many values than `JSON.parse()` takes for an array. The table `bounds` contains the place before each
 * page; PostgreSQL finds these places with only their index.
 */
const SELECT_PAGES = `WITH RECURSIVE bounds (place) AS (
    SELECT -1::bigint
    UNION ALL
    SELECT (SELECT t.place FROM taskscope.tasks t WHERE t.place > b.place ORDER BY t.place OFFSET ${
  PAGE - 1
} LIMIT 1)
    FROM bounds b WHERE b.place IS NOT NULL
  )
  SELECT lists.* FROM bounds b, LATERAL (
    SELECT ${COLUMNS.map(listOf).join(", ")}
    FROM (SELECT * FROM taskscope.tasks t WHERE t.place > b.place ORDER BY t.place LIMIT ${PAGE}) page
    WHERE NOT removed
  ) lists WHERE b.place IS NOT NULL`;

/**
 * A row of {@linkcode SELECT_PAGES}: one JSON array per column, or `null` for each column if all tasks of the page were
 * removed.
 */
type Page = readonly (string | null)[];

/** The parsed lists of a {@linkcode Page}. */
type Lists = readonly [
  places: number[],
  clients: string[],
  ids: string[],
  seqs: number[],
  ends: (number | null)[],
  names: string[],
  states: TaskState[],
  created: number[],
  started: (number | null)[],
  /** The time of the last change; `null` if it is the time at which the task finished. */
  updated: (number | null)[],
  finished: (number | null)[],
  progress: (number | null)[],
  parents: (string | null)[],
  firsts: (string | null)[],
];

/** Returns an SQL expression for a JSON array of the values of a column. */
function listOf(column: string): string {
  // PostgreSQL joins texts faster than it escapes them as JSON.
  if (PLAIN_COLUMNS.has(column)) return `'["' || string_agg(${column}, '","') || '"]'`;
  // Few tasks change after they have finished, and PostgreSQL and this program process a null faster than a time.
  if (column === "updated_at") return "json_agg(NULLIF(updated_at, finished_at))";
  return `json_agg(${column})`;
}

/** Selects the records of the tasks at the given places. */
const SELECT_RECORDS = {
  name: "load_records",
  text: "SELECT client, id, ended_at, record FROM taskscope.tasks WHERE place = ANY ($1) AND NOT removed",
};

/** A row of {@linkcode SELECT_RECORDS}. */
type RecordRow = readonly [client: string, id: string, endedAt: number | null, record: string];

/** Selects the side tables of the unfinished tasks at the given places. */
const SELECT_LIVE = {
  name: "load_live",
  text: `SELECT client, id,
      (SELECT sums FROM taskscope.subtasks s WHERE s.place = t.place),
      (SELECT points FROM taskscope.series s WHERE s.place = t.place),
      (SELECT series FROM taskscope.value_series s WHERE s.place = t.place)
    FROM taskscope.tasks t WHERE place = ANY ($1) AND NOT removed AND ended_at IS NULL ORDER BY place`,
};

/** A row of {@linkcode SELECT_LIVE}. */
type LiveRow = readonly [client: string, id: string, ...columns: SideValue[]];

/** The tasks that were loaded into one index. */
class LoadedTasks implements OpenedTasks {
  readonly live: OpenedTask[] = [];
  readonly ended: (EndedTask & { readonly seq: number })[] = [];
}

/**
 * Loads tasks into empty indexes, without the records of ended tasks. Call this in a transaction.
 *
 * @param indexOf returns the index for the tasks of a client; `null` if they are not to be loaded
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
  const live: number[] = [];
  const unnamed: number[] = [];
  await connection.stream(SELECT_PAGES, (page: Page) => {
    if (page.includes(null)) return;
    const lists = page.map((list) => JSON.parse(list!)) as unknown as Lists;
    const [places, clients, ids, seqs, ends, names, states, created, started, updated, ...others] = lists;
    const [finished, progress, parents, firsts] = others;
    for (let at = 0; at < places.length; at++) {
      const client = intern(texts, clients[at]!);
      const target = targetOf(client);
      if (target === null) continue;
      const place = places[at]!;
      const id = ids[at]!;
      const seq = seqs[at]!;
      const endedAt = ends[at] ?? null;
      const finishedAt = finished[at] ?? null;
      const summary: TaskSummary = {
        id,
        name: intern(texts, names[at]!),
        state: intern(texts, states[at]!) as TaskState,
        created_at: created[at]!,
        started_at: started[at] ?? null,
        updated_at: updated[at] ?? finishedAt!,
        finished_at: finishedAt,
        progress: progress[at] ?? null,
        parent_id: parents[at] ?? null,
        retry_of: firsts[at] ?? null,
      };
      if (endedAt === null) live.push(place);
      else {
        target.tasks.ended.push({ client, id, seq, endedAt });
        if (summary.name.includes(REPLACEMENT)) unnamed.push(place);
      }
      target.index.load(client, id, place, new TaskInDatabase(place, summary, seq));
    }
  });
  // Up to here, the index has only the summaries of unfinished tasks; now their records are added.
  const [, opened] = await Promise.all([
    loadClients(connection, indexOf),
    loadLive(connection, live),
    readPlaces(
      connection,
      SELECT_RECORDS,
      [...live, ...unnamed],
      ([client, id, endedAt, record]: RecordRow) => {
        const node = targetOf(client)!.index.node(client, id)!;
        const { place, stored: { seq } } = node;
        const task = JSON.parse(record) as Task;
        node.stored = endedAt === null
          ? new TaskInMemory(task, seq)
          : new TaskInDatabase(place, summaryOf(task), seq);
      },
    ),
  ]);
  for (const task of opened) targetOf(task.client)!.tasks.live.push(task);
  for (const { ended } of loaded.values()) ended.sort((a, b) => a.seq - b.seq);
  return loaded;
}

/**
 * Loads the side tables of unfinished tasks, in the order of the tasks' creation.
 *
 * @param places the places of the tasks, in order
 * @throws {Error} of `pg`, if a query fails
 */
export async function loadLive(
  connection: Connection,
  places: readonly number[],
): Promise<readonly OpenedTask[]> {
  const live: OpenedTask[] = [];
  await readPlaces(connection, SELECT_LIVE, places, ([client, id, ...columns]: LiveRow) => {
    live.push(openedTask(client, id, columns));
  });
  return live;
}

/** Runs a query for the given places, with so few at a time that its rows need not be streamed. */
async function readPlaces<Row extends SideRow>(
  connection: Connection,
  query: { readonly name: string; readonly text: string },
  places: readonly number[],
  onRow: (row: Row) => void,
): Promise<void> {
  for (let start = 0; start < places.length; start += PAGE) {
    const { rows } = await connection.query({
      ...query,
      values: [places.slice(start, start + PAGE)],
      rowMode: "array",
      query_timeout: READ_MS,
    });
    for (const row of rows) onRow(row);
  }
}

async function loadClients(
  connection: Connection,
  indexOf: (client: string) => TaskIndex | null,
): Promise<void> {
  const [removed, clients] = await Promise.all([
    connection.query("SELECT client, seq, id FROM taskscope.removals ORDER BY seq"),
    connection.query("SELECT client, last_seq, forgotten_seq FROM taskscope.clients ORDER BY last_seq"),
  ]);
  const removals = new Map<string, RemovedTask[]>();
  for (const { client, seq, id } of removed.rows) {
    const known = removals.get(client);
    if (known === undefined) removals.set(client, [{ id, seq }]);
    else known.push({ id, seq });
  }
  for (const { client, last_seq: lastSeq, forgotten_seq: forgottenSeq } of clients.rows) {
    indexOf(client)?.loadClient(client, { lastSeq, forgottenSeq }, removals.get(client) ?? []);
  }
}
