/**
 * Converts the rows of a commit to SQL statements.
 *
 * @module
 */

import type { BatchMessage, DirtyTask } from "../database/batch.ts";
import { storable } from "../database/storable.ts";
import { SIDE_TABLES, type SideRow, type SideTable } from "../side_tables.ts";
import type { QueryConfig } from "./pg.d.ts";
import { columnArrays, unnestOf } from "./row_arrays.ts";

/**
 * Returns the statements of a commit, to be sent in one transaction without waiting for results. The caller must send a
 * fence before them: a statement that raises an error if this server does not own the database, or if the commit was
 * already carried out.
 *
 * @param batch the rows
 * @param tasks the tasks of the rows, by place
 */
export function commitStatements(
  batch: BatchMessage,
  tasks: ReadonlyMap<number, DirtyTask>,
): QueryConfig[] {
  const statements: QueryConfig[] = [];
  const add: Add = (name, text, ...values) => {
    statements.push({ name, text, values });
  };
  addTaskStatements(batch, tasks, add);
  for (const { table: name, rows, cuts } of batch.side) {
    const table = SIDE_TABLES.find((each) => each.name === name)!;
    const columns = ["place", ...table.columns];
    if (rows.length > 0) {
      add(name, putStatement(table, columns), ...columnArrays(lastOfEachKey(table, rows), columns.length));
    }
    if (cuts.length > 0) add(`cut_${name}`, cutStatement(table), ...columnArrays(cuts, 2));
  }
  addClientStatements(batch, add);
  if (batch.deliveries.length > 0) {
    const rows = batch.deliveries.map((row) => row.with(-1, storable(row.at(-1) as string)));
    add("deliveries", PUT_DELIVERIES, ...columnArrays(rows, DELIVERY_COLUMNS.length));
  }
  if (batch.removedDeliveries.length > 0) {
    add(
      "undelivered",
      "DELETE FROM taskscope.deliveries WHERE id = ANY($1)",
      batch.removedDeliveries,
    );
  }
  return statements;
}

/** Adds a statement; statements with the same name have the same text. */
type Add = (name: string, text: string, ...values: unknown[]) => void;

function addTaskStatements(
  { tasks: rows, removed, purged }: BatchMessage,
  tasks: ReadonlyMap<number, DirtyTask>,
  add: Add,
): void {
  if (rows.length > 0) {
    const columns = columnArrays(rows.map((row) => taskRow(row, tasks)), TASK_COLUMNS.length);
    add("tasks", PUT_TASKS, ...columns, rows.map(([, , , , , record]) => record).join("\n"));
  }
  if (removed.length > 0) {
    add("removed", "UPDATE taskscope.tasks SET removed = true WHERE place = ANY($1)", removed);
  }
  if (purged.length > 0) {
    add("purged", "DELETE FROM taskscope.tasks WHERE place = ANY($1)", purged);
    add(
      "purge",
      "INSERT INTO taskscope.purged SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING",
      purged,
    );
  }
}

function addClientStatements({ removals, clients, forgottenClients }: BatchMessage, add: Add): void {
  if (removals.length > 0) add("removals", PUT_REMOVALS, ...columnArrays(removals, REMOVAL_COLUMNS.length));
  if (clients.length > 0) {
    add("clients", PUT_CLIENTS, ...columnArrays(clients, CLIENT_COLUMNS.length));
    // Of most clients, no removal was forgotten.
    const forgetting = clients.filter(([, , forgotten]) => forgotten > 0);
    if (forgetting.length > 0) {
      add(
        "forget",
        FORGET_REMOVALS,
        forgetting.map(([client]) => client),
        forgetting.map(([, , forgotten]) => forgotten),
      );
    }
  }
  if (forgottenClients.length > 0) {
    for (const table of ["clients", "removals"]) {
      add(
        `forget_${table}`,
        `DELETE FROM taskscope.${table} WHERE client = ANY($1)`,
        forgottenClients,
      );
    }
  }
}

const TASK_COLUMNS = [
  ...[
    "place",
    "client",
    "id",
    "seq",
    "name",
    "state",
    "created_at",
    "started_at",
    "updated_at",
    "finished_at",
  ],
  ...["progress", "parent_id", "retry_of", "ended_at"],
];
const REMOVAL_COLUMNS = ["client", "seq", "id"];
const CLIENT_COLUMNS = ["client", "last_seq", "forgotten_seq"];
const DELIVERY_COLUMNS = ["id", "receiver", "event", "client", "task_id", "seq", "at", "size", "text"];

/** The last parameter contains the records, one per line: they are JSON without line breaks. */
const PUT_TASKS = `INSERT INTO taskscope.tasks (${TASK_COLUMNS.join(", ")}, removed, record)
   SELECT ${TASK_COLUMNS.join(", ")}, false, record::json
   FROM ROWS FROM (${unnestOf(TASK_COLUMNS)}, string_to_table($${TASK_COLUMNS.length + 1}, E'\\n'))
     AS r (${TASK_COLUMNS.join(", ")}, record)
   ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, name = excluded.name, state = excluded.state,
     created_at = excluded.created_at, started_at = excluded.started_at, updated_at = excluded.updated_at,
     finished_at = excluded.finished_at, progress = excluded.progress, parent_id = excluded.parent_id,
     retry_of = excluded.retry_of, removed = false, record = excluded.record,
     ended_at = CASE WHEN excluded.ended_at IS NOT NULL THEN coalesce(tasks.ended_at, excluded.ended_at) END`;

const PUT_DELIVERIES = `INSERT INTO taskscope.deliveries (${DELIVERY_COLUMNS.join(", ")})
   SELECT * FROM ${unnestOf(DELIVERY_COLUMNS)} ON CONFLICT (id) DO NOTHING`;

const PUT_REMOVALS = `INSERT INTO taskscope.removals (${REMOVAL_COLUMNS.join(", ")})
   SELECT * FROM ${unnestOf(REMOVAL_COLUMNS)} ON CONFLICT (client, seq) DO UPDATE SET id = excluded.id`;

const PUT_CLIENTS = `INSERT INTO taskscope.clients (${CLIENT_COLUMNS.join(", ")})
   SELECT * FROM ${unnestOf(CLIENT_COLUMNS)}
   ON CONFLICT (client) DO UPDATE SET last_seq = excluded.last_seq, forgotten_seq = excluded.forgotten_seq`;

const FORGET_REMOVALS =
  `DELETE FROM taskscope.removals r USING unnest($1::text[], $2::bigint[]) AS c (client, forgotten_seq)
   WHERE r.client = c.client AND r.seq <= c.forgotten_seq`;

/** Returns the statement that inserts or replaces rows. */
function putStatement({ name, columns, keyOf }: SideTable<unknown>, all: readonly string[]): string {
  const key = keyOf === null ? "place" : `place, ${columns[0]}`;
  const replaced = (keyOf === null ? columns : columns.slice(1)).map((column) =>
    `${column} = excluded.${column}`
  );
  return `INSERT INTO taskscope.${name} (${all.join(", ")}) SELECT * FROM ${unnestOf(all)}
    ON CONFLICT (${key}) DO UPDATE SET ${replaced.join(", ")}`;
}

/** Returns the statement that deletes the oldest entries of tasks, but no permanent ones. */
function cutStatement({ name, columns: [key], hasConsecutiveKeys, permanent }: SideTable<unknown>): string {
  const cuts = "unnest($1::bigint[], $2::bigint[]) AS c (place, cut)";
  if (hasConsecutiveKeys) {
    return `DELETE FROM taskscope.${name} t USING ${cuts} WHERE t.place = c.place AND t.${key} < c.cut`;
  }
  const cuttable = permanent === undefined ? "true" : `${permanent.column} = 0`;
  // MATERIALIZED prevents PostgreSQL from searching for the last key again for every row of the task.
  return `WITH last AS MATERIALIZED (
      SELECT place, (SELECT ${key} FROM taskscope.${name} e WHERE e.place = c.place AND ${cuttable}
        ORDER BY ${key} DESC LIMIT 1 OFFSET c.cut) AS key FROM ${cuts})
    DELETE FROM taskscope.${name} t USING last WHERE t.place = last.place AND ${cuttable} AND t.${key} <= last.key`;
}

/** Returns the values of {@linkcode TASK_COLUMNS}. */
function taskRow(
  [place, client, id, seq, endedAt]: BatchMessage["tasks"][number],
  tasks: ReadonlyMap<number, DirtyTask>,
): SideRow {
  const { summary } = tasks.get(place)!.stored;
  const { name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } =
    summary;
  return [
    ...[place, client, id, seq, storable(name), state, created_at, started_at, updated_at, finished_at],
    ...[progress, parent_id, retry_of, endedAt],
  ];
}

/** Returns the last row of each key of a task, because one statement can replace a row only once. */
function lastOfEachKey({ keyOf }: SideTable<unknown>, rows: readonly SideRow[]): readonly SideRow[] {
  if (keyOf !== null && areAscending(rows)) return rows;
  const last = new Map<string, SideRow>();
  for (const row of rows) last.set(keyOf === null ? `${row[0]}` : `${row[0]} ${row[1]}`, row);
  return [...last.values()];
}

/** Returns whether the keys of each task's rows are ascending; the rows of a task are together. */
function areAscending(rows: readonly SideRow[]): boolean {
  return rows.every(([place, key], index) => {
    const [lastPlace, lastKey] = rows[index - 1] ?? [];
    return place !== lastPlace || Number(key) > Number(lastKey);
  });
}
