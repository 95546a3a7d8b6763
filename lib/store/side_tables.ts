/**
 * Defines the side tables of a task: entries kept beside its record, such as log lines.
 *
 * Every store derives from these definitions how it keeps, bounds and reads the entries. A new side table is a
 * definition here, listed in {@linkcode SIDE_TABLES}, and a migration that creates it in `sqlite/schema.ts`.
 *
 * @module
 */

import type { HistoryEntry, JsonValue, LogLine, ProgressPoint } from "../task/task.ts";

/** The bounds of the side tables. */
export interface SideTableLimits {
  /** Log lines kept of one task in memory. */
  readonly logLinesPerTask: number;
  /** Log lines kept of one task on disk. */
  readonly logLinesPerTaskOnDisk: number;
  /** Characters of log kept of all tasks in memory. */
  readonly logCharacters: number;
  /** History entries kept of one task, not counting its changes of state. */
  readonly historyPerTask: number;
  /** History entries kept of all tasks in memory. */
  readonly historyEntries: number;
  /** Points of progress history kept of all tasks in memory. */
  readonly progressPoints: number;
}

/** How much of a side table is kept. */
export interface SideTableBounds {
  /** Entries kept of one task, the newest; permanent ones are not counted. */
  readonly perTask: number;
  /** The sum of the sizes of all tasks' entries; beyond it, the task written to least recently loses its entries. */
  readonly total: number;
}

/** A value of a column. */
export type SideValue = string | number | null;

/** The columns of an entry, without the task that it belongs to. */
export type SideRow = readonly SideValue[];

/** A kind of entries that a task may have. */
export interface SideTable<Entry> {
  /** The table's name in a database. */
  readonly name: string;
  /** The columns of a row; if entries have keys, the first column is the key. */
  readonly columns: readonly string[];
  /** The integer key of an entry, ascending within a task; `null` if a task has one entry, replaced by every put. */
  readonly keyOf: ((entry: Entry) => number) | null;
  /** Whether keys count up by one, so that the oldest entry within a bound is known without counting rows. */
  readonly hasConsecutiveKeys?: boolean;
  /** Marks entries that are kept beyond the bound of a task. */
  readonly permanent?: {
    /** The column that is 1 in the rows of these entries, 0 in others. */
    readonly column: string;
    readonly includes: (entry: Entry) => boolean;
  };
  /** The size of an entry in the unit of {@linkcode SideTableBounds.total}. */
  readonly sizeOf: (entry: Entry) => number;
  readonly boundsInMemory: (limits: SideTableLimits) => SideTableBounds;
  /** Entries kept of one task in a database. */
  readonly perTaskOnDisk: (limits: SideTableLimits) => number;
  readonly toRow: (entry: Entry) => SideRow;
  readonly fromRow: (row: SideRow) => Entry;
}

/** Restricts which entries are read. */
export interface KeyRange {
  /** The least key. */
  readonly from: number;
  /** The least key beyond the range. */
  readonly to: number;
  /** The number of entries returned at most, the oldest of the range. */
  readonly most?: number;
}

/** A log line with its number, counted from 0. */
export interface NumberedLine extends LogLine {
  readonly number: number;
}

/** The lines that a task wrote. */
export const LOG_LINES: SideTable<NumberedLine> = {
  name: "log_lines",
  columns: ["number", "at", "text"],
  keyOf: ({ number }) => number,
  hasConsecutiveKeys: true,
  sizeOf: ({ text }) => text.length,
  boundsInMemory: ({ logLinesPerTask, logCharacters }) => ({
    perTask: logLinesPerTask,
    total: logCharacters,
  }),
  perTaskOnDisk: ({ logLinesPerTaskOnDisk }) => logLinesPerTaskOnDisk,
  toRow: ({ number, at, text }) => [number, at, text],
  fromRow: ([number, at, text]) => ({ number: Number(number), at: Number(at), text: String(text) }),
};

/** An entry of a task's history, as it is stored. */
export interface StoredHistoryEntry {
  readonly entry: HistoryEntry;
  /** Whether the entry is a change of state; those are kept whatever the bound. */
  readonly isState: boolean;
}

/** The changes of a task's state and status. */
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
    // A STRICT table keeps the types of its columns.
    entry: { at, state, status, progress, version } as HistoryEntry,
    isState: isState === 1,
  }),
};

/** The progress history of a task: few points over time, replaced as a whole. */
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

/** The arguments that a task was started with by name, so that it can be started again. */
export interface Launch {
  /** The name that the task's function is registered under. */
  readonly name: string;
  readonly args: readonly JsonValue[];
}

/** The launch of a task that was started by name. */
export const LAUNCHES: SideTable<Launch> = {
  name: "launches",
  columns: ["launch"],
  keyOf: null,
  // There is one per task, and tasks are bounded.
  sizeOf: () => 0,
  boundsInMemory: () => ({ perTask: 1, total: Infinity }),
  perTaskOnDisk: () => 1,
  toRow: (launch) => [JSON.stringify(launch)],
  fromRow: ([launch]) => JSON.parse(String(launch)),
};

/** Every side table. */
// deno-lint-ignore no-explicit-any -- the entries of each are of another type
export const SIDE_TABLES: readonly SideTable<any>[] = [LOG_LINES, HISTORY, PROGRESS_HISTORY, LAUNCHES];

/**
 * Drops the oldest entries beyond the bound of a task.
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
