/**
 * The types that a registry shares with its readers, listeners and reporters.
 *
 * @module
 */

import type { Cursor } from "../task/cursor.ts";
import type { TaskRecord } from "../store/store.ts";
import type { Task, TaskChange } from "../task/task.ts";

/** A change to one task. */
export type RegistryEvent =
  | {
    readonly client: string;
    readonly seq: number;
    readonly stored: TaskRecord;
    readonly removedId?: never;
    /** The record before the change; `undefined` if the task was created or restored. */
    readonly before: Task | undefined;
    readonly change: TaskChange;
  }
  | {
    readonly client: string;
    readonly seq: number;
    readonly stored?: never;
    readonly removedId: string;
    readonly before?: never;
    readonly change?: never;
  };

/** The reading interface that an authority shares with its replicas in other isolates. */
export interface TaskReader {
  /** The cursor of the last change. */
  readonly cursor: Cursor;
  /**
   * Returns the newest record of a task.
   *
   * @throws {Error} if the task has ended and its record is in a PostgreSQL database; use {@linkcode TaskReader.read} there
   */
  task(client: string, id: string): Task | undefined;
  /**
   * Returns the tasks of a client, newest first.
   *
   * @throws {Error} if one has ended and its record is in a PostgreSQL database; use {@linkcode TaskReader.readAll} there
   */
  tasks(client: string): Task[];
  /**
   * Reads the newest record of a task, wherever it is.
   *
   * @throws {StorageError} if it cannot be read
   */
  read(client: string, id: string): Promise<Task | undefined>;
  /**
   * Reads the tasks of a client, newest first, wherever their records are.
   *
   * @throws {StorageError} if they cannot be read
   */
  readAll(client: string): Promise<Task[]>;
  /** Returns the clients that have tasks. */
  clients(): string[];
}

/**
 * The id that all reporters over plain HTTP share: the server cannot send commands to them, and any of them may report
 * on a task that another one has created.
 */
export const HTTP_REPORTER_ID = "http";

/** The prefix of the reporter id of a node. No other reporter has a colon in its id. */
const NODE_PREFIX = "node:";

/** Returns the reporter id of a node, which reports the tasks that run in it. */
export function nodeReporterId(node: string): string {
  return NODE_PREFIX + node;
}

/** Returns the id of the node from a reporter id; `null` if the reporter is not a node. */
export function nodeOf(reporterId: string): string | null {
  return reporterId.startsWith(NODE_PREFIX) ? reporterId.slice(NODE_PREFIX.length) : null;
}

/** The registry's view of the side that runs a task. */
export interface Reporter {
  /** The id of the reporter; a task belongs to the reporter that created it. */
  readonly id: string;
  /** Whether the reporter runs in another process, so that its tasks do not end with this process. */
  readonly isRemote?: boolean;
  /**
   * Whether the reporter is connected only for one request, so that its disconnection must not count as that of a
   * reporter with the same id that is connected over a socket.
   */
  readonly isBrief?: boolean;
  /** Called when a task is requested to stop. */
  cancelRequested(client: string, id: string): void;
  /** Called when this process is about to exit, which ends the task. */
  interrupted(client: string, id: string): void;
}
