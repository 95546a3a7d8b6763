/**
 * What the registry asks of the place where tasks are kept.
 *
 * @module
 */

import type { StorageError } from "../errors.ts";
import type { ProgressPoint, Task, TaskState, TaskSummary } from "../task/task.ts";
import type { KeyRange, SideTable } from "./side_tables.ts";
import type { ListedTask } from "../task/task_query.ts";

/** A task and its place in the order of all changes. Never changes: a change makes another one. */
export interface StoredTask extends ListedTask {
  readonly id: string;
  /** Whether the task is active. */
  readonly active: boolean;
  /** The record. May have to be read from disk and parsed anew each time, so keep it in a variable. */
  readonly task: Task;
  /** The number of the task's last change. */
  readonly seq: number;
  /** The record as JSON. May have to be read from disk. */
  readonly json: string;
}

/** A task whose record is at hand; its JSON is made when it is first asked for, then kept. */
export class TaskInMemory implements StoredTask {
  readonly task: Task;
  readonly seq: number;
  #json: string | undefined;

  /**
   * @param task the record
   * @param seq the number of its last change
   * @param json the record as JSON, where that is known
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

/** A task by its names. */
export interface TaskKey {
  readonly client: string;
  readonly id: string;
}

/** A task that is gone. */
export interface RemovedTask {
  readonly id: string;
  /** The number of the removal. */
  readonly seq: number;
}

/**
 * What changed since a position, by state: each task once, as it is now. The removals come first: an id that is in both
 * lists was taken by another task, or restored.
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

/** A message for one receiver that something happened to a task. Its text is kept beside it, as it may be long. */
export interface Delivery {
  /** Names the delivery; never given to another one. */
  readonly id: string;
  /** Whom it is for. */
  readonly receiver: string;
  /** What happened, in one word. */
  readonly event: string;
  /** Whom it happened to. */
  readonly task: TaskKey;
  /** The number of the change by which it happened. */
  readonly seq: number;
  /** When it happened, in epoch seconds. */
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
 * Keeps the tasks of one monitor. What was put is seen by every later read at once; {@linkcode TaskStore.committed}
 * tells when it is as durable as the store can make it.
 */
export interface TaskStore extends AsyncDisposable {
  /** Names the numbering of the changes. A store that keeps its tasks keeps its epoch, too. */
  readonly epoch: string;
  /** The last number that was, or may have been, given out. */
  readonly seq: number;
  /** Everything up to this number is committed. */
  readonly committedSeq: number;
  /** Why nothing can be committed at present; `null` where all is well. */
  readonly degradation: Degradation | null;
  /** What an operator watches. */
  readonly figures: StoreFigures;
  /** Which tasks there are. */
  readonly index: TaskIndexReader;

  /**
   * Gives out the next number of the order of changes: never the same one twice, not even after a crash.
   *
   * @throws {StorageError} where the numbers that were put aside are used up, because nothing can be committed
   */
  takeSeq(): number;
  /** Adds a task or replaces it. `seq` is higher than that of every earlier put and removal. */
  put(client: string, stored: StoredTask): void;
  /** Removes a task. It is kept aside until {@linkcode TaskStore.restore} or {@linkcode TaskStore.purge}. */
  remove(client: string, id: string, seq: number): void;
  /**
   * Puts a task that was removed, and not purged, back as `stored`, with its log and its history.
   *
   * @returns whether it was there
   */
  restore(client: string, stored: StoredTask): boolean;
  /** The record of a task that was removed and not purged. */
  removed(client: string, id: string): Task | undefined;
  /** Forgets a removed task for good, with its log and its history. */
  purge(client: string, id: string): void;

  /** Takes the tasks that were there when the store was opened; empty from the second call on. */
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
   * Notes a message that is to be delivered. It is committed together with what is put in the same turn: all of it or
   * nothing.
   */
  putDelivery(delivery: Delivery, text: string): void;
  /** Forgets a message: it was delivered, or never will be. */
  removeDelivery(id: string): void;
  /** The messages that are to be delivered, in the order of their numbers, and of one number as they were put. */
  deliveries(): readonly Delivery[];
  /** The text of a message; `undefined` where there is no such message. May have to be read from disk. */
  deliveryText(id: string): string | undefined;

  /**
   * Waits until everything that was put so far is committed.
   *
   * @returns a promise that rejects with a `StorageError` where that can't be had now
   */
  committed(): Promise<void>;
  /**
   * Hears when trouble comes and goes.
   *
   * @returns a function that ends it
   */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void;
}

/** What an operator watches of a store; all but the tasks since it was opened. */
export interface StoreFigures {
  /** How many tasks there are, by state. */
  readonly tasks: ReadonlyMap<TaskState, number>;
  /** Commits that succeeded, and attempts that failed. */
  readonly commits: number;
  readonly failedCommits: number;
  /** How long the commits that succeeded took together, in milliseconds. */
  readonly commitMs: number;
  /** Log lines and notes of histories that were left out, as too much waited to be written. */
  readonly leftOut: number;
}

/** What a commit survives: the end of the process however it comes, or a power cut as well. */
export type Durability = "normal" | "full";

/** Why nothing can be committed at present. */
export interface Degradation {
  /** What is wrong. */
  readonly error: StorageError;
  /** Since when, in epoch seconds. */
  readonly since: number;
}
