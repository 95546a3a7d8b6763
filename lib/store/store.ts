/**
 * The interface of a task store, which every storage backend implements.
 *
 * @module
 */

import type { StorageError } from "../errors.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import type { ProgressPoint, Task, TaskState, TaskSummary } from "../task/task.ts";
import type { TaskValues } from "../task/value_book.ts";
import type { LogMatches, LogQuery } from "./log_search.ts";
import type { PastRunStore } from "./past_run_store.ts";
import type { KeyRange, SideTable, SubtaskSums } from "./side_tables.ts";

/**
 * The state of a task after its last change; at least the summary is in memory. The object is immutable: the next
 * change creates another one.
 */
export interface StoredTask {
  readonly id: string;
  /** Whether the task is active. */
  readonly active: boolean;
  readonly summary: TaskSummary;
  /** The sequence number of the task's last change. */
  readonly seq: number;
}

/** A task with its record. */
export interface TaskRecord extends StoredTask {
  /**
   * The record of the task. Each access may read the record from disk and parse it, so keep it in a variable.
   */
  readonly task: Task;
  /** The record of the task as JSON. Each access may read the record from disk. */
  readonly json: string;
}

/** The key of a task: its client token and its id. */
export interface TaskKey {
  readonly client: string;
  readonly id: string;
}

/** A task that was removed. */
export interface RemovedTask {
  readonly id: string;
  /** The sequence number of the removal. */
  readonly seq: number;
}

/**
 * The net changes since a cursor: each task appears only once, in its current state. Apply the removals
 * first: if an id is in both lists, the task was restored, or another task reused the id.
 */
export interface ChangesSince {
  /** The changed tasks, in the order of their last changes, oldest first. */
  readonly tasks: readonly StoredTask[];
  /** The removed tasks, in the order of their removal, oldest first. */
  readonly removed: readonly RemovedTask[];
}

/** A task that had ended when the store was opened. */
export interface EndedTask extends TaskKey {
  /** When the task ended, in epoch seconds. */
  readonly endedAt: number;
}

/**
 * A message to one webhook receiver about an event of a task. The text of the message, which may be long, is
 * stored separately.
 */
export interface Delivery {
  /** The id of the delivery, which is never reused. */
  readonly id: string;
  /** The key of the receiver. */
  readonly receiver: string;
  /** The name of the event. */
  readonly event: string;
  /** The task that the event is about. */
  readonly task: TaskKey;
  /** The sequence number of the change that caused the event. */
  readonly seq: number;
  /** The time of the event, in epoch seconds. */
  readonly at: number;
  /** The length of the message's text, in characters. */
  readonly size: number;
}

/** A task that had not ended when the store was opened. */
export interface OpenedTask extends TaskKey {
  /** The task's progress history, oldest point first. */
  readonly progress: readonly ProgressPoint[];
  /** The task's values over time; absent if it has reported none. */
  readonly values?: TaskValues;
  /** The sums over the task's subtasks; absent if no subtask has ended or made progress. */
  readonly subtasks?: SubtaskSums;
}

/** The tasks that a store held when it was opened. */
export interface OpenedTasks {
  /** The tasks that had not ended, in the order of their creation. */
  readonly live: readonly OpenedTask[];
  /** The tasks that had ended, in the order in which they ended. */
  readonly ended: readonly EndedTask[];
}

/** Reads which tasks exist and what changed. All reads are synchronous, because the index is in memory. */
export interface TaskIndexReader {
  /** Returns a task; `undefined` if it does not exist. */
  get(client: string, id: string): StoredTask | undefined;
  /** Returns whether a task with this id was left out when the store was opened, because its record is damaged. */
  isLeftOut(client: string, id: string): boolean;
  /** Returns the tasks of a client in the order of their creation, oldest first. */
  list(client: string): Iterable<StoredTask>;
  /** Returns the number of tasks that a client has. */
  count(client: string): number;
  /** Returns the sequence number of the last change to a client's tasks; 0 if there was none. */
  lastSeq(client: string): number;
  /**
   * Returns the changes to a client's tasks after `seq`; `undefined` if removals since then may be forgotten.
   */
  changesSince(client: string, seq: number): ChangesSince | undefined;
  /**
   * Returns the changes of all clients after `seq`, by client; `undefined` if removals since then may be
   * forgotten.
   */
  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined;
}

/**
 * Stores the tasks of one monitor. Every read sees all earlier writes, committed or not; {@linkcode
 * TaskStore.committed} resolves once all writes are as durable as the store can make them.
 */
export interface TaskStore extends AsyncDisposable {
  /** The epoch of the sequence numbers. A store whose tasks outlive the process also keeps its epoch. */
  readonly epoch: string;
  /** The last sequence number that was, or may have been, used. */
  readonly seq: number;
  /** The sequence number up to which every change is committed. */
  readonly committedSeq: number;
  /** The reason why nothing can be committed at present; `null` if commits succeed. */
  readonly degradation: Degradation | null;
  /** The figures of the store, for metrics. */
  readonly figures: StoreFigures;
  /** The index, which reads which tasks exist and what changed. */
  readonly index: TaskIndexReader;
  /** The summaries of past runs, which outlive the records of their tasks. */
  readonly pastRuns: PastRunStore;

  /**
   * Returns the next sequence number. No number is ever returned twice, even after a crash.
   *
   * @throws {StorageError} if the reserved numbers are used up, because nothing has been committed for too
   * long
   */
  takeSeq(): number;
  /**
   * Adds or replaces a task. `stored.seq` must be higher than the sequence numbers of all earlier changes and
   * removals.
   */
  put(client: string, stored: TaskRecord): void;
  /**
   * Removes a task. The task is kept aside until {@linkcode TaskStore.restore} or {@linkcode TaskStore.purge}
   * is called.
   *
   * @param client the client token
   * @param id the task's id
   * @param seq the sequence number of the removal
   * @param isExpired whether the task exceeds a limit, so that it will be purged soon, and never restored
   */
  remove(client: string, id: string, seq: number, isExpired?: boolean): void;
  /**
   * Restores a task that was removed and not purged, with `stored` as its new record and with the entries of
   * its side tables.
   *
   * @returns whether such a task existed
   */
  restore(client: string, stored: TaskRecord): boolean;
  /**
   * Returns a task that was removed and not purged; `undefined` if there is none. The removed task can be read like a
   * task of the index.
   */
  removed(client: string, id: string): StoredTask | undefined;
  /** Deletes a removed task for good, with the entries of its side tables. */
  purge(client: string, id: string): void;

  /**
   * Returns a task of the index with its record; `null` if the record must be read first. The records of tasks that
   * have not ended, or whose end is not committed, are always in memory.
   */
  atHand(stored: StoredTask): TaskRecord | null;
  /**
   * Reads the records of tasks: at once if all are in memory, otherwise together. A task that is restored during the
   * read may have a newer record; a task that is purged is left out.
   *
   * @param tasks tasks of the index
   * @returns the tasks with their records, in the same order
   * @throws {StorageError} if the records cannot be read
   */
  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]>;

  /** Returns the tasks that existed when the store was opened; further calls return no tasks. */
  takeOpened(): OpenedTasks;

  /**
   * Adds entries to a side table of a task, or replaces the only entry. Does nothing if the task does not
   * exist. {@linkcode TaskStore.restore} also restores the entries that were added before
   * {@linkcode TaskStore.remove}.
   */
  putEntries<Entry>(table: SideTable<Entry>, client: string, id: string, entries: readonly Entry[]): void;
  /**
   * Reads the entries of a task as they are at the time of the call.
   *
   * @param range the range of entries to read; by default, all entries within the limit of a task
   * @returns the entries, oldest first; an empty list if the task does not exist
   * @throws {StorageError} if the entries cannot be read
   */
  readEntries<Entry>(
    table: SideTable<Entry>,
    client: string,
    id: string,
    range?: KeyRange,
  ): Promise<readonly Entry[]>;

  /**
   * Searches the log of a task as it is at the time of the call.
   *
   * @returns the matches; none if the task does not exist
   * @throws {StorageError} if the log cannot be read
   */
  searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches>;

  /**
   * Queues a message for delivery. The message is committed together with all changes of the same turn of the
   * event loop, or not at all.
   */
  putDelivery(delivery: Delivery, text: string): void;
  /** Deletes a message that was delivered or dropped. */
  removeDelivery(id: string): void;
  /** Returns the queued messages, ordered by sequence number, then by when they were queued. */
  deliveries(): readonly Delivery[];
  /**
   * Reads the text of a message; `undefined` if there is no such message.
   *
   * @throws {StorageError} if the text cannot be read
   */
  deliveryText(id: string): Promise<string | undefined>;

  /**
   * Waits until all changes so far are committed.
   *
   * @throws {StorageError} if the changes cannot be committed now
   */
  committed(): Promise<void>;
  /**
   * Adds a listener that is called whenever the store becomes degraded or recovers.
   *
   * @returns a function that unsubscribes
   */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void;
}

/** The figures of a store for metrics; all except `tasks` are counted from when the store was opened. */
export interface StoreFigures {
  /** The number of tasks by state. */
  readonly tasks: ReadonlyMap<TaskState, number>;
  /** The number of commits that succeeded. */
  readonly commits: number;
  /** The number of attempts to commit that failed. */
  readonly failedCommits: number;
  /** The total duration of the commits that succeeded, in milliseconds. */
  readonly commitMs: number;
  /**
   * The number of log lines and history entries that were dropped because too many characters were waiting to
   * be written.
   */
  readonly leftOut: number;
  /** The number of tasks that are left out because their records are damaged. */
  readonly damaged: number;
}

/**
 * The durability of commits: with `normal`, they survive any end of the process, with `full` also a power
 * cut.
 */
export type Durability = "normal" | "full";

/** The reason why nothing can be committed at present, and since when. */
export interface Degradation {
  /** The storage error that made commits fail. */
  readonly error: StorageError;
  /** When commits began to fail, in epoch seconds. */
  readonly since: number;
}
