/**
 * Defines the side tables of a task: entries kept beside its record, such as log lines.
 *
 * From these definitions, every store derives how it writes, limits and reads the entries. A new side table
 * needs a definition here, listed in {@linkcode SIDE_TABLES}, and a migration in `sqlite/schema.ts` that
 * creates it.
 *
 * @module
 */

import type { HistoryEntry, Launch, LogLevel, LogLine, LogStream, ProgressPoint } from "../task/task.ts";
import type { TaskValues } from "../task/value_book.ts";

/** The limits on the number of entries in the side tables. */
export interface SideTableLimits {
  /** The maximum number of log lines that are kept of one task in memory. */
  readonly logLinesPerTask: number;
  /** The maximum number of log lines that are kept of one task on disk. */
  readonly logLinesPerTaskOnDisk: number;
  /**
   * The maximum number of characters of the logs of all tasks in memory, where each line counts as 64 characters more
   * than its text.
   */
  readonly logCharacters: number;
  /** The maximum number of history entries that are kept of one task, not counting its changes of state. */
  readonly historyPerTask: number;
  /** The maximum number of history entries that are kept of all tasks in memory. */
  readonly historyEntries: number;
  /** The maximum number of points of progress history that are kept of all tasks in memory. */
  readonly progressPoints: number;
  /** The maximum number of points of values that are kept of all tasks in memory. */
  readonly valuePoints: number;
}

/** The limits on the entries of one side table. */
export interface SideTableBounds {
  /**
   * The maximum number of entries of one task, of which the newest are kept. Permanent entries are not
   * counted.
   */
  readonly perTask: number;
  /**
   * The maximum sum of the sizes of all tasks' entries; beyond it, the task that was written to least
   * recently loses its entries.
   */
  readonly total: number;
}

/** The value of a column in a side table. */
export type SideValue = string | number | null;

/** The values of an entry's columns, without the column of the task that the entry belongs to. */
export type SideRow = readonly SideValue[];

/** The definition of a side table: a kind of entries that a task may have. */
export interface SideTable<Entry> {
  /** The table's name in a database. */
  readonly name: string;
  /** The columns of a row; if entries have keys, the first column is the key. */
  readonly columns: readonly string[];
  /**
   * Returns the integer key of an entry; keys are ascending within a task. `keyOf` is `null` if a task has
   * only one entry, which every write replaces.
   */
  readonly keyOf: ((entry: Entry) => number) | null;
  /**
   * Whether keys are consecutive, so that the oldest entry within the limit is known without counting rows.
   */
  readonly hasConsecutiveKeys?: boolean;
  /** The column that marks permanent entries, which are kept beyond the limit of a task. */
  readonly permanent?: {
    /** The column that is 1 in the rows of permanent entries, and 0 in other rows. */
    readonly column: string;
    readonly includes: (entry: Entry) => boolean;
  };
  /** Returns the size of an entry in the unit of {@linkcode SideTableBounds.total}. */
  readonly sizeOf: (entry: Entry) => number;
  readonly boundsInMemory: (limits: SideTableLimits) => SideTableBounds;
  /** Returns the maximum number of entries that are kept of one task in a database. */
  readonly perTaskOnDisk: (limits: SideTableLimits) => number;
  readonly toRow: (entry: Entry) => SideRow;
  readonly fromRow: (row: SideRow) => Entry;
}

/** A range of keys, which restricts the entries to read. */
export interface KeyRange {
  /** The lowest key of the range. */
  readonly from: number;
  /** The key after the end of the range. */
  readonly to: number;
  /** The maximum number of entries to return; if the range has more, the oldest are returned. */
  readonly most?: number;
}

/** A log line with its number, counted from 0. */
export interface NumberedLine extends LogLine {
  readonly number: number;
}

/** The size of a line without text, in characters: the memory that its number, its time and its objects take. */
const LINE_CHARACTERS = 64;

/** The side table of the log lines that tasks wrote. */
export const LOG_LINES: SideTable<NumberedLine> = {
  name: "log_lines",
  columns: ["number", "at", "text", "stream", "level"],
  keyOf: ({ number }) => number,
  hasConsecutiveKeys: true,
  sizeOf: ({ text }) => LINE_CHARACTERS + text.length,
  boundsInMemory: ({ logLinesPerTask, logCharacters }) => ({
    perTask: logLinesPerTask,
    total: logCharacters,
  }),
  perTaskOnDisk: ({ logLinesPerTaskOnDisk }) => logLinesPerTaskOnDisk,
  toRow: ({ number, at, text, stream = null, level = null }) => [number, at, text, stream, level],
  fromRow: ([number, at, text, stream, level]) => ({
    number: Number(number),
    at: Number(at),
    text: String(text),
    ...(stream !== null && { stream: stream as LogStream }),
    ...(level !== null && { level: level as LogLevel }),
  }),
};

/** An entry of a task's history, as it is stored. */
export interface StoredHistoryEntry {
  readonly entry: HistoryEntry;
  /** Whether the entry is a change of state, which is kept regardless of the limit. */
  readonly isState: boolean;
}

/** The side table of the changes of tasks' states and statuses. */
export const HISTORY: SideTable<StoredHistoryEntry> = {
  name: "history",
  columns: ["version", "at", "state", "status", "progress", "is_state"],
  keyOf: ({ entry }) => entry.version,
  permanent: { column: "is_state", includes: ({ isState }) => isState },
  sizeOf: () => 1,
  boundsInMemory: ({ historyPerTask, historyEntries }) => ({
    perTask: historyPerTask,
    total: historyEntries,
  }),
  perTaskOnDisk: ({ historyPerTask }) => historyPerTask,
  toRow: ({ entry: { version, at, state, status, progress }, isState }) => {
    return [version, at, state, status, progress, isState ? 1 : 0];
  },
  fromRow: ([version, at, state, status, progress, isState]) => ({
    // The cast is safe, because a STRICT table preserves the types of its columns.
    entry: { at, state, status, progress, version } as HistoryEntry,
    isState: isState === 1,
  }),
};

/** The side table of tasks' progress histories, each of which is one entry that is replaced as a whole. */
export const PROGRESS_HISTORY: SideTable<readonly ProgressPoint[]> = {
  name: "series",
  columns: ["points"],
  keyOf: null,
  sizeOf: (points) => points.length,
  boundsInMemory: ({ progressPoints }) => ({ perTask: 1, total: progressPoints }),
  perTaskOnDisk: () => 1,
  toRow: (points) => [JSON.stringify(points)],
  fromRow: ([points]) => JSON.parse(String(points)),
};

/** The side table of tasks' values over time. The values of a task are one entry, which is replaced as a whole. */
export const VALUES: SideTable<TaskValues> = {
  name: "value_series",
  columns: ["series"],
  keyOf: null,
  sizeOf: ({ series }) => series.reduce((sum, { points }) => sum + points.length, 0),
  boundsInMemory: ({ valuePoints }) => ({ perTask: 1, total: valuePoints }),
  perTaskOnDisk: () => 1,
  toRow: (values) => [JSON.stringify(values)],
  fromRow: ([values]) => JSON.parse(String(values)),
};

/** The side table of launches: the registered function and the arguments of tasks that a request started. */
export const LAUNCHES: SideTable<Launch> = {
  name: "launches",
  columns: ["launch"],
  keyOf: null,
  // The size does not matter: a task has only one launch, and the number of tasks is limited.
  sizeOf: () => 0,
  boundsInMemory: () => ({ perTask: 1, total: Infinity }),
  perTaskOnDisk: () => 1,
  toRow: (launch) => [JSON.stringify(launch)],
  fromRow: ([launch]) => JSON.parse(String(launch)),
};

/** The data for the progress of a parent that is not in the records of its unfinished subtasks. */
export interface SubtaskSums {
  /** The number of ended subtasks, without those that were retried. */
  readonly ended: number;
  /** The sum of the shares of the ended subtasks. */
  readonly share: number;
  /** The sum of the weights of the ended subtasks that have no share. */
  readonly weight: number;
  /** Whether at least two subtasks existed before the first one made progress; `null` if none has made progress. */
  readonly upFront: boolean | null;
  /** The ids of unfinished subtasks that do not count, because a retry has replaced them; absent if there are none. */
  readonly replaced?: readonly string[];
}

/** The side table of the sums over the subtasks of tasks. */
export const SUBTASK_SUMS: SideTable<SubtaskSums> = {
  name: "subtasks",
  columns: ["sums"],
  keyOf: null,
  // The size does not matter: a task has only one entry, and the number of tasks is limited.
  sizeOf: () => 0,
  boundsInMemory: () => ({ perTask: 1, total: Infinity }),
  perTaskOnDisk: () => 1,
  toRow: (sums) => [JSON.stringify(sums)],
  fromRow: ([sums]) => JSON.parse(String(sums)),
};

/** All side tables. */
// deno-lint-ignore no-explicit-any -- the entries of each are of another type
export const SIDE_TABLES: readonly SideTable<any>[] = [
  LOG_LINES,
  HISTORY,
  PROGRESS_HISTORY,
  LAUNCHES,
  SUBTASK_SUMS,
  VALUES,
];

/**
 * Drops the oldest entries that exceed the limit of a task.
 *
 * @param table the side table
 * @param entries the entries of one task, oldest first
 * @param perTask the number of entries to keep, not counting permanent ones
 * @returns the entries to keep, oldest first
 */
export function keepNewest<Entry>(
  { permanent }: SideTable<Entry>,
  entries: readonly Entry[],
  perTask: number,
): readonly Entry[] {
  if (entries.length <= perTask) return entries;
  if (permanent === undefined) return entries.slice(entries.length - perTask);
  let over = entries.filter((entry) => !permanent.includes(entry)).length - perTask;
  return entries.filter((entry) => permanent.includes(entry) || --over < 0);
}
