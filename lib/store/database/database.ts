/**
 * The interface of the databases in which a {@linkcode DatabaseStore} keeps tasks.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import type { LogMatches, LogQuery } from "../log_search.ts";
import type { KeyRange, NumberedLine, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, OpenedTasks, StoredTask, TaskRecord } from "../store.ts";
import type { TaskIndex } from "../task_index.ts";
import type { BatchMessage, DirtyTask } from "./batch.ts";

/** The content of a database when it was opened. */
export interface Opened {
  /** The epoch of the sequence numbers. */
  readonly epoch: string;
  /** The last sequence number that was, or may have been, used. */
  readonly seq: number;
  /** The end of the block of sequence numbers that are reserved; `null` while another node owns the tasks. */
  readonly reservedSeq: number | null;
  /** The index with all tasks, sorted by change. */
  readonly index: TaskIndex;
  readonly tasks: OpenedTasks;
}

/** A search of the log of a task. */
export interface LogSearchRequest {
  /** The client whose task's log is searched. */
  readonly client: string;
  /** The task's place in the order of creation. */
  readonly place: number;
  /**
   * The lines of the task whose commit is not confirmed yet. These lines replace stored lines with the same numbers.
   */
  readonly unsaved: readonly NumberedLine[];
  readonly query: LogQuery;
}

/**
 * A database: writes batches, and reads data that is not in memory. A task is identified by its place in the order of
 * creation. All errors are {@linkcode StorageError}s.
 */
export interface Database {
  /** The path or the URL of the database, without a password. */
  readonly name: string;
  /** The number of tasks that are left out because their records are damaged. */
  readonly damaged: number;
  /** Whether the database runs in a separate process, perhaps on another machine. */
  readonly isSeparate: boolean;
  /** Called if the database is found to be unusable while nothing is being written. */
  onLoss: ((error: StorageError) => void) | null;

  /**
   * Writes a batch in one transaction. If this fails, the caller writes the same batch again before any other. Writing
   * is therefore idempotent: a batch that is written twice has the same result as one that is written once.
   *
   * @param batch the rows
   * @param tasks the tasks of the rows, by place
   */
  write(batch: BatchMessage, tasks: ReadonlyMap<number, DirtyTask>): Promise<void>;
  /** Checks that the database can be used, without writing. */
  check(): Promise<void>;
  /** Completes all writes; nothing is written afterwards. */
  finish(): Promise<void>;
  /** Releases the database, even if {@linkcode Database.finish} failed. */
  close(): void | Promise<void>;

  /** Returns what to keep in memory of an ended task whose record is committed. */
  ended(place: number, stored: TaskRecord): StoredTask;
  /** Returns a task with its record; `null` if the record must be read first. */
  atHand(stored: StoredTask): TaskRecord | null;
  /** Returns tasks with their records, without those that were purged: see `TaskStore.records()`. */
  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]>;
  /**
   * Reads rows of the SQLite table `past_runs`: the table of the database itself, or, if this is not SQLite, that of a
   * local copy that has the same rows as soon as they are committed.
   *
   * @param client the client whose past runs the query reads
   * @param name the name whose past runs it reads, as a `nameText`; `null` if it reads past runs of all names
   * @param sql the query
   * @param values its parameters
   */
  pastRunRows(
    client: string,
    name: string | null,
    sql: string,
    values: readonly (string | number)[],
  ): readonly SideRow[];
  /**
   * Reads the rows of a task in a side table, ordered by key. The read begins in the same turn of the event loop as the
   * call.
   */
  sideRows<Entry>(
    table: SideTable<Entry>,
    place: number,
    range: KeyRange | undefined,
  ): readonly SideRow[] | Promise<readonly SideRow[]>;
  /** Searches the log of a task. */
  searchLog(request: LogSearchRequest): Promise<LogMatches>;
  /** Returns the stored deliveries without their texts, ordered by sequence number, then by when they were queued. */
  deliveries(): readonly Delivery[];
  /** Returns the text of a stored delivery; `undefined` if there is none. */
  deliveryText(id: string): Promise<string | undefined>;
}
