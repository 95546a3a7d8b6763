/**
 * The interface of a task store, which every storage backend implements.
 *
 * @module
 */

import type { StorageError } from "../errors.ts";
import type { ProgressPoint, Task, TaskState, TaskSummary } from "../task/task.ts";
import type { KeyRange, SideTable } from "./side_tables.ts";
import type { ListedTask } from "../task/task_query.ts";

/** A task as of its last change. Immutable: the next change creates another object. */
export interface StoredTask extends ListedTask {
  readonly id: string;
  /** Whether the task is active. */
  readonly active: boolean;
  /** The record. Each access may read it from disk and parse it, so keep it in a variable. */
  readonly task: Task;
  /** The sequence number of the task's last change. */
  readonly seq: number;
  /** The record as JSON. Each access may read it from disk. */
  readonly json: string;
}

/** A task whose record is in memory; it is serialised on the first access to its JSON. */
export class TaskInMemory implements StoredTask {
  readonly task: Task;
  readonly seq: number;
  #json: string | undefined;

  /**
   * @param task the record
   * @param seq the sequence number of its last change
   * @param json the record as JSON, if it was serialised before
   */
  constructor(task: Task, seq: number, json?: string) {
    this.task = task;
    this.seq = seq;
    this.#json = json;
  }

  get id(): string {
    return this.task.id;
  }

  get active(): boolean {
    return this.task.active;
  }

  get summary(): TaskSummary {
    return this.task;
  }

  get json(): string {
    return this.#json ??= JSON.stringify(this.task);
  }
}

/** Identifies a task. */
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
 * The changes since a cursor, by state: each task once, as it is now. Apply the removals first: an id in both lists was
 * reused by another task, or restored.
 */
export interface ChangesSince {
  /** In the order of their last changes, oldest first. */
  readonly tasks: readonly StoredTask[];
  /** In the order of their removal, oldest first. */
  readonly removed: readonly RemovedTask[];
}

/** A task that had ended when the store was opened. */
export interface EndedTask extends TaskKey {
  /** When it ended, in epoch seconds. */
  readonly endedAt: number;
}

/** A message to one receiver about an event of a task. Its text, which may be long, is stored beside it. */
export interface Delivery {
  /** Identifies the delivery; never reused. */
  readonly id: string;
  /** The receiver's id. */
  readonly receiver: string;
  /** The name of the event. */
  readonly event: string;
  /** The task that the event is about. */
  readonly task: TaskKey;
  /** The sequence number of the change that caused it. */
  readonly seq: number;
  /** The time of the event, in epoch seconds. */
  readonly at: number;
  /** The length of the text, in characters. */
  readonly size: number;
}

/** A task that had not ended when the store was opened. */
export interface OpenedTask extends TaskKey {
  /** Its progress history, oldest first. */
  readonly progress: readonly ProgressPoint[];
}

/** The tasks that a store held when it was opened. */
export interface OpenedTasks {
  /** Those that had not ended, in the order of their creation. */
  readonly live: readonly OpenedTask[];
  /** Those that had ended, in the order of their end. */
  readonly ended: readonly EndedTask[];
}

/** Reads which tasks there are and what changed. In memory, and therefore synchronous. */
export interface TaskIndexReader {
  /** The task, or `undefined`. */
  get(client: string, id: string): StoredTask | undefined;
  /** The tasks of a client in the order of their creation, oldest first. */
  list(client: string): Iterable<StoredTask>;
  /** The number of tasks that a client has. */
  count(client: string): number;
  /** The newest ended tasks of a client and a name, latest end first, at most `most`. */
  pastRuns(client: string, name: string, most: number): readonly TaskSummary[];
  /** The sequence number of the last change to a client's tasks; 0 if there was none. */
  lastSeq(client: string): number;
  /** The changes after `seq`; `undefined` if removals that old are forgotten. */
  changesSince(client: string, seq: number): ChangesSince | undefined;
  /** The changes after `seq`, by client; `undefined` if removals that old are forgotten. */
  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined;
}

/**
 * Stores the tasks of one monitor. Every read sees all earlier writes, committed or not; {@linkcode TaskStore.committed}
 * resolves once they are as durable as the store can make them.
 */
export interface TaskStore extends AsyncDisposable {
  /** Identifies the sequence numbers. A store whose tasks outlive the process keeps its epoch, too. */
  readonly epoch: string;
  /** The last sequence number that was, or may have been, given out. */
  readonly seq: number;
  /** Every change up to this sequence number is committed. */
  readonly committedSeq: number;
  /** Why nothing can be committed at present; `null` if commits succeed. */
  readonly degradation: Degradation | null;
  /** Figures for metrics. */
  readonly figures: StoreFigures;
  /** Reads which tasks exist and what changed. */
  readonly index: TaskIndexReader;

  /**
   * Gives out the next sequence number: never the same one twice, not even after a crash.
   *
   * @throws {StorageError} if the reserved numbers are used up, because nothing has been committed for too long
   */
  takeSeq(): number;
  /** Adds or replaces a task. `stored.seq` is higher than that of every earlier put and removal. */
  put(client: string, stored: StoredTask): void;
  /** Removes a task. It is set aside until {@linkcode TaskStore.restore} or {@linkcode TaskStore.purge}. */
  remove(client: string, id: string, seq: number): void;
  /**
   * Restores a task that was removed and not purged, as `stored`, with the entries of its side tables.
   *
   * @returns whether there was such a task
   */
  restore(client: string, stored: StoredTask): boolean;
  /** The record of a task that was removed and not purged. */
  removed(client: string, id: string): Task | undefined;
  /** Deletes a removed task for good, with the entries of its side tables. */
  purge(client: string, id: string): void;

  /** Returns the tasks that existed when the store was opened; nothing from the second call on. */
  takeOpened(): OpenedTasks;

  /**
   * Adds entries to a side table of a task, or replaces its only one. Does nothing if there is no such task. Entries that
   * were added before {@linkcode TaskStore.remove} return with {@linkcode TaskStore.restore}.
   */
  putEntries<Entry>(table: SideTable<Entry>, client: string, id: string, entries: readonly Entry[]): void;
  /**
   * Reads the entries of a task as they are at the time of the call.
   *
   * @param range restricts the entries; without it, all that are within the bound of a task are read
   * @returns the entries, oldest first; none if there is no such task
   * @throws {StorageError} if they cannot be read
   */
  readEntries<Entry>(
    table: SideTable<Entry>,
    client: string,
    id: string,
    range?: KeyRange,
  ): Promise<readonly Entry[]>;

  /**
   * Queues a message for delivery. It is committed together with everything put in the same turn, or not at all.
   */
  putDelivery(delivery: Delivery, text: string): void;
  /** Deletes a message that was delivered or given up. */
  removeDelivery(id: string): void;
  /** The queued messages, ordered by sequence number, then by when they were put. */
  deliveries(): readonly Delivery[];
  /** The text of a message, which may be read from disk; `undefined` if there is no such message. */
  deliveryText(id: string): string | undefined;

  /**
   * Waits until everything put so far is committed.
   *
   * @throws {StorageError} if it cannot be committed now
   */
  committed(): Promise<void>;
  /**
   * Calls a listener whenever the store becomes degraded or recovers.
   *
   * @returns a function that unsubscribes
   */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void;
}

/** Figures of a store for metrics; all but `tasks` count from its opening. */
export interface StoreFigures {
  /** The number of tasks by state. */
  readonly tasks: ReadonlyMap<TaskState, number>;
  /** Commits that succeeded. */
  readonly commits: number;
  /** Attempts to commit that failed. */
  readonly failedCommits: number;
  /** The total duration of the commits that succeeded, in milliseconds. */
  readonly commitMs: number;
  /** Log lines and history entries dropped because too much was waiting to be written. */
  readonly leftOut: number;
}

/** What a commit survives: `normal` any end of the process, `full` a power cut, too. */
export type Durability = "normal" | "full";

/** Why nothing can be committed at present. */
export interface Degradation {
  /** The storage error. */
  readonly error: StorageError;
  /** When commits began to fail, in epoch seconds. */
  readonly since: number;
}
