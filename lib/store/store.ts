/**
 * What the registry asks of the place where tasks are kept.
 *
 * @module
 */

import type { LogLine, Task } from "../task.ts";

/** A task and its place in the order of all changes. */
export interface StoredTask {
  readonly task: Task;
  /** The number of the task's last change. */
  readonly seq: number;
  /** The record as JSON, made once for each change. */
  readonly json: string;
}

/** A task that is gone. */
export interface RemovedTask {
  readonly id: string;
  /** The number of the removal. */
  readonly seq: number;
}

/** What changed since a position, by state: each task once, as it is now. */
export interface ChangesSince {
  /** In the order of their last changes, oldest first. */
  readonly tasks: readonly StoredTask[];
  /** In the order of their removal, oldest first. */
  readonly removed: readonly RemovedTask[];
}

/**
 * Keeps the tasks of one monitor. What was put is seen by every later read at once; {@linkcode TaskStore.committed}
 * tells when it is as durable as the store can make it.
 */
export interface TaskStore extends AsyncDisposable {
  /** Adds a task or replaces it. `seq` is higher than that of every earlier put and removal. */
  put(client: string, stored: StoredTask): void;
  /** Removes a task and its log. */
  remove(client: string, id: string, seq: number): void;
  /** The task, or `undefined`. */
  get(client: string, id: string): StoredTask | undefined;
  /** The tasks of a client, in the order of their creation, oldest first. */
  list(client: string): Iterable<StoredTask>;
  /** How many tasks a client has. */
  count(client: string): number;
  /** The number of the last change of a client's tasks; 0 where there was none. */
  lastSeq(client: string): number;
  /** What changed after `seq`; `undefined` where removals that old are forgotten. */
  changesSince(client: string, seq: number): ChangesSince | undefined;
  /** What changed after `seq`, by client; `undefined` where removals that old are forgotten. */
  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined;
  /** Appends lines to a task's log. Only the newest are kept. */
  appendLog(client: string, id: string, lines: readonly LogLine[]): void;
  /** The newest lines of a task's log that are kept, oldest first; the task's `log_count` tells how many there were. */
  log(client: string, id: string): readonly LogLine[];
  /** Resolves when everything that was put so far is committed. */
  committed(): Promise<void>;
}
