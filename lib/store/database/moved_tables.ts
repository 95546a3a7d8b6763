/**
 * Lists the tables whose rows are moved between databases, and converts rows to batches.
 *
 * @module
 */

import { SIDE_TABLES, type SideRow } from "../side_tables.ts";
import { TaskInMemory } from "../task_in_memory.ts";
import type { BatchMessage, DeliveryRow, DirtyTask, TaskRow } from "./batch.ts";
import type { PastRunRow } from "./past_run_rows.ts";
import { runRow } from "./run_row.ts";

/** A table whose rows are moved. */
export interface MovedTable {
  /** The name of the table, which is the same in all databases. */
  readonly name: string;
  /** A noun for the rows, for messages. */
  readonly noun: string;
  /** Whether each row belongs to one task, which the row's first column "place" identifies. */
  readonly isOfTasks: boolean;
  readonly columns: readonly string[];
  /** The columns by which the rows are ordered; `null` for the order in which they were inserted, by "seq". */
  readonly order: readonly string[] | null;
  /** Returns the batch that writes rows. */
  readonly batch: (rows: readonly SideRow[]) => MovedBatch;
}

/** A batch of moved rows. */
export interface MovedBatch {
  readonly message: BatchMessage;
  /** The tasks of the rows, by place. */
  readonly tasks: ReadonlyMap<number, DirtyTask>;
}

const NO_CHANGES: BatchMessage = {
  tasks: [],
  runs: [],
  pastRuns: [],
  side: [],
  removed: [],
  purged: [],
  removals: [],
  clients: [],
  forgottenClients: [],
  deliveries: [],
  removedDeliveries: [],
  meta: [],
};

/** All tables, in the order in which they are moved. */
export const MOVED_TABLES: readonly MovedTable[] = [
  {
    name: "tasks",
    noun: "tasks",
    isOfTasks: true,
    columns: ["place", "client", "id", "seq", "ended_at", "record"],
    order: ["place"],
    batch: taskBatch,
  },
  ...SIDE_TABLES.map(({ name, columns, keyOf }): MovedTable => ({
    name,
    noun: name.replaceAll("_", " "),
    isOfTasks: true,
    columns: ["place", ...columns],
    order: keyOf === null ? ["place"] : ["place", columns[0]!],
    // The cast is safe, because "place" is the first column.
    batch: (rows) => batchOf({ side: [{ table: name, rows: rows as [number, ...SideRow][], cuts: [] }] }),
  })),
  {
    name: "past_runs",
    noun: "past runs",
    isOfTasks: false,
    columns: ["client", "name", "finished_at", "id", "state", "created_at", "started_at"],
    order: ["client", "name", "finished_at", "id"],
    batch: (rows) => batchOf({ pastRuns: rows as unknown as PastRunRow[] }),
  },
  {
    name: "clients",
    noun: "clients",
    isOfTasks: false,
    columns: ["client", "last_seq", "forgotten_seq"],
    order: ["client"],
    batch: (rows) => batchOf({ clients: rows as [string, number, number][] }),
  },
  {
    name: "removals",
    noun: "removals",
    isOfTasks: false,
    columns: ["client", "seq", "id"],
    order: ["client", "seq"],
    batch: (rows) => batchOf({ removals: rows as [string, number, string][] }),
  },
  {
    name: "deliveries",
    noun: "deliveries",
    isOfTasks: false,
    columns: ["id", "receiver", "event", "client", "task_id", "seq", "at", "size", "text"],
    order: null,
    batch: (rows) => batchOf({ deliveries: rows as unknown as DeliveryRow[] }),
  },
];

function batchOf(changes: Partial<BatchMessage>): MovedBatch {
  return { message: { ...NO_CHANGES, ...changes }, tasks: new Map() };
}

function taskBatch(rows: readonly SideRow[]): MovedBatch {
  const taskRows = rows as unknown as TaskRow[];
  const tasks = new Map(
    taskRows.map(([place, client, id, seq, , record]): [number, DirtyTask] => {
      return [place, { client, id, stored: new TaskInMemory(JSON.parse(record), seq, record) }];
    }),
  );
  const ended = taskRows.filter(([, , , , endedAt]) => endedAt !== null);
  const runs = ended.map(([place]) => runRow(place, tasks.get(place)!.stored.summary));
  return { message: { ...NO_CHANGES, tasks: taskRows, runs }, tasks };
}
