/**
 * What stands around a registry: who reads it, who hears of its changes, who runs its tasks.
 *
 * @module
 */

import type { Cursor } from "../task/cursor.ts";
import type { StoredTask } from "../store/store.ts";
import type { Task, TaskChange } from "../task/task.ts";

/** What happened to one task. */
export type RegistryEvent =
  | {
    readonly client: string;
    readonly seq: number;
    readonly stored: StoredTask;
    readonly removedId?: never;
    /** The record before; `undefined` where there was none, as the task is new, or is back. */
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

/** What everybody may read of a registry, be it the authority or a copy in another isolate. */
export interface TaskReader {
  /** The position of the last change. */
  readonly cursor: Cursor;
  /** The newest record of a task. */
  task(client: string, id: string): Task | undefined;
  /** The tasks of a client, newest first. */
  tasks(client: string): Task[];
  /** The clients that have tasks. */
  clients(): string[];
}

/** The id of all who report over plain HTTP: no way leads back to them, and any of them may go on with a task. */
export const HTTP_REPORTER_ID = "http";

/** The side that runs a task, as far as the registry needs to reach it. */
export interface Reporter {
  /** Tells reporters apart: a task belongs to the one that created it. */
  readonly id: string;
  /** It runs in another process, so that its tasks do not end with this one. */
  readonly isRemote?: boolean;
  /** Somebody asks the task to stop. */
  cancelRequested(client: string, id: string): void;
  /** The process is about to end, and the task with it. */
  interrupted(client: string, id: string): void;
}
