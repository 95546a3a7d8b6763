/**
 * Converts the rows of a commit to statements.
 *
 * @module
 */

import type { BatchMessage, DirtyTask, SideTableMessage } from "../database/batch.ts";
import { storable } from "../database/storable.ts";
import { SIDE_TABLES, type SideTable, type SideValue } from "../side_tables.ts";
import type { QueryConfig } from "./pg.d.ts";

/**
 * Returns the statements of a commit, to be sent in one transaction without waiting for each other's results.
 * A statement before them must raise an error if this server does not own the database, or the commit is already done.
 *
 * @param batch the rows
 * @param tasks the tasks of the rows, by place
 */
export function commitStatements(
  batch: BatchMessage,
  tasks: ReadonlyMap<number, DirtyTask>,
): QueryConfig[] {
  const statements: QueryConfig[] = [];
  const add = (name: string, text: string, ...values: unknown[]) => {
    statements.push({ name, text, values });
  };
  if (batch.tasks.length > 0) {
    const records = batch.tasks.map(([, , , , , record]) => record);
    add("tasks", PUT_TASKS, jsonOf(batch.tasks, (row) => taskObject(row, tasks)), records.join("\n"));
  }
  if (batch.removed.length > 0) {
    add("removed", "UPDATE taskscope.tasks SET removed = true WHERE place = ANY($1)", batch.removed);
  }
  for (const side of batch.side) {
    const table = SIDE_TABLES.find(({ name }) => name === side.table)!;
    if (side.rows.length > 0) add(side.table, putStatement(table), sideRowsJson(table, side));
    if (side.cuts.length > 0) {
      add(
        `cut_${side.table}`,
        cutStatement(table),
        side.cuts.map(([place]) => place),
        side.cuts.map(([, cut]) => cut),
      );
    }
  }
  if (batch.purged.length > 0) {
    add("purged", "DELETE FROM taskscope.tasks WHERE place = ANY($1)", batch.purged);
    add(
      "purge",
      "INSERT INTO taskscope.purged SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING",
      batch.purged,
    );
  }
  addClientStatements(batch, add);
  if (batch.deliveries.length > 0) {
    const rows = jsonOf(
      batch.deliveries,
      ([id, receiver, event, client, task_id, seq, at, size, text]) =>
        JSON.stringify({ id, receiver, event, client, task_id, seq, at, size, text: storable(text) }),
    );
    add("deliveries", PUT_DELIVERIES, rows);
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

function addClientStatements(
  { removals, clients, forgottenClients }: BatchMessage,
  add: (name: string, text: string, ...values: unknown[]) => void,
): void {
  if (removals.length > 0) {
    const rows = jsonOf(removals, ([client, seq, id]) => JSON.stringify({ client, seq, id }));
    add("removals", PUT_REMOVALS, rows);
  }
  if (clients.length > 0) {
    const rows = jsonOf(
      clients,
      ([client, last_seq, forgotten_seq]) => JSON.stringify({ client, last_seq, forgotten_seq }),
    );
    add("clients", PUT_CLIENTS, rows);
    // Most clients have forgotten nothing.
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

/**
 * The records are JSON without line breaks, one in each line. They are not part of the other parameter, because
 * inside of other JSON the server refuses some escapes, such as that of a NUL, which a column of the type "json" keeps.
 */
const PUT_TASKS =
  `INSERT INTO taskscope.tasks (place, client, id, seq, name, state, created_at, started_at, updated_at, finished_at,
     progress, parent_id, retry_of, ended_at, removed, record)
   SELECT place, client, id, seq, name, state, created_at, started_at, updated_at, finished_at,
     progress, parent_id, retry_of, ended_at, false, string_to_table::json
   FROM ROWS FROM (json_populate_recordset(null::taskscope.tasks, $1), string_to_table($2, E'\\n'))
   ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, name = excluded.name, state = excluded.state,
     created_at = excluded.created_at, started_at = excluded.started_at, updated_at = excluded.updated_at,
     finished_at = excluded.finished_at, progress = excluded.progress, parent_id = excluded.parent_id,
     retry_of = excluded.retry_of, removed = false, record = excluded.record,
     ended_at = CASE WHEN excluded.ended_at IS NOT NULL THEN coalesce(tasks.ended_at, excluded.ended_at) END`;

const PUT_DELIVERIES =
  `INSERT INTO taskscope.deliveries (id, receiver, event, client, task_id, seq, at, size, text)
   SELECT id, receiver, event, client, task_id, seq, at, size, text
   FROM json_populate_recordset(null::taskscope.deliveries, $1) ON CONFLICT (id) DO NOTHING`;

const PUT_REMOVALS = `INSERT INTO taskscope.removals (client, seq, id)
   SELECT client, seq, id FROM json_populate_recordset(null::taskscope.removals, $1)
   ON CONFLICT (client, seq) DO UPDATE SET id = excluded.id`;

const PUT_CLIENTS = `INSERT INTO taskscope.clients (client, last_seq, forgotten_seq)
   SELECT client, last_seq, forgotten_seq FROM json_populate_recordset(null::taskscope.clients, $1)
   ON CONFLICT (client) DO UPDATE SET last_seq = excluded.last_seq, forgotten_seq = excluded.forgotten_seq`;

const FORGET_REMOVALS =
  `DELETE FROM taskscope.removals r USING unnest($1::text[], $2::bigint[]) AS c (client, forgotten_seq)
   WHERE r.client = c.client AND r.seq <= c.forgotten_seq`;

/** Returns the statement that inserts or replaces rows, so that a commit can be repeated. */
function putStatement({ name, columns, keyOf }: SideTable<unknown>): string {
  const all = ["place", ...columns].join(", ");
  const key = keyOf === null ? "place" : `place, ${columns[0]}`;
  const replaced = (keyOf === null ? columns : columns.slice(1)).map((column) =>
    `${column} = excluded.${column}`
  );
  return `INSERT INTO taskscope.${name} (${all})
    SELECT ${all} FROM json_populate_recordset(null::taskscope.${name}, $1)
    ON CONFLICT (${key}) DO UPDATE SET ${replaced.join(", ")}`;
}

/** Returns the statement that deletes the oldest entries of tasks, but no permanent ones. */
function cutStatement({ name, columns: [key], hasConsecutiveKeys, permanent }: SideTable<unknown>): string {
  const cuts = "unnest($1::bigint[], $2::bigint[]) AS c (place, cut)";
  if (hasConsecutiveKeys) {
    return `DELETE FROM taskscope.${name} t USING ${cuts} WHERE t.place = c.place AND t.${key} < c.cut`;
  }
  const cuttable = permanent === undefined ? "true" : `${permanent.column} = 0`;
  // Otherwise, the last key to delete would be searched for again for every row of the task.
  return `WITH last AS MATERIALIZED (
      SELECT place, (SELECT ${key} FROM taskscope.${name} e WHERE e.place = c.place AND ${cuttable}
        ORDER BY ${key} DESC LIMIT 1 OFFSET c.cut) AS key FROM ${cuts})
    DELETE FROM taskscope.${name} t USING last WHERE t.place = last.place AND ${cuttable} AND t.${key} <= last.key`;
}

function taskObject(
  [place, client, id, seq, ended_at]: BatchMessage["tasks"][number],
  tasks: ReadonlyMap<number, DirtyTask>,
): string {
  const { summary } = tasks.get(place)!.stored;
  const { name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } =
    summary;
  return JSON.stringify({
    ...{ place, client, id, seq, name: storable(name), state, created_at, started_at, updated_at },
    ...{ finished_at, progress, parent_id, retry_of, ended_at },
  });
}

/** Returns the rows as JSON. If a key is in several rows of a task, the last one counts, as if each were written by itself. */
function sideRowsJson({ columns, keyOf }: SideTable<unknown>, { rows }: SideTableMessage): string {
  const names = ["place", ...columns];
  const last = new Map<string, readonly SideValue[]>();
  for (const row of rows) last.set(keyOf === null ? `${row[0]}` : `${row[0]} ${row[1]}`, row);
  return jsonOf(
    [...last.values()],
    (row) => JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at]]))),
  );
}

function jsonOf<Row>(rows: readonly Row[], toJson: (row: Row) => string): string {
  return `[${rows.map(toJson).join()}]`;
}
