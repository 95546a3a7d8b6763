/**
 * The options of a registry.
 *
 * @module
 */

import type { FollowedStore } from "../store/followed.ts";
import type { TaskRecord, TaskStore } from "../store/store.ts";
import type { ProgressPoint } from "../task/task.ts";
import type { TaskValues } from "../task/value_book.ts";
import type { EndedTasksLimits } from "./ended_tasks.ts";
import type { RetentionLimits } from "./retention.ts";
import type { StalenessLimits } from "./staleness.ts";

/**
 * The limits of a `Registry`: how many tasks it keeps and for how long, and when a task counts as
 * stale or lost.
 */
export interface RegistryLimits extends RetentionLimits, EndedTasksLimits, StalenessLimits {
  /** The interval at which tasks are checked for signs of life and for their age, in milliseconds. */
  readonly sweepIntervalMs: number;
}

/**
 * Reads the newest progress and values of an unfinished task if another node is its authority, because only the
 * authority has them in memory. The authority stores this data only every few seconds, or every few minutes for a long
 * task. Each method returns `null` if the authority can't be reached.
 */
export interface LiveHistories {
  /** Returns the progress history of a task. */
  progress(client: string, id: string): Promise<readonly ProgressPoint[] | null>;
  /** Returns the values of a task. */
  values(client: string, id: string): Promise<TaskValues | null>;
}

/** Options of a `Registry`. */
export interface RegistryOptions {
  readonly store: TaskStore;
  /**
   * The same store if several nodes use it, otherwise `null`, which is the default. If the store is given, another node
   * is the authority until `Registry.takeOver()` is called, and every change is published only after its commit.
   */
  readonly followed?: FollowedStore | null;
  /** Reads the data that only the authority on another node has in memory; by default, there is no other node. */
  readonly histories?: LiveHistories | null;
  readonly limits: RegistryLimits;
  /** The epoch of cursors while nothing can be committed. */
  readonly unsavedEpoch: string;
  /**
   * Called once when a task ends, in the same turn of the event loop in which its final state is stored:
   * everything that the callback stores is committed together with the final state. Must not throw.
   */
  readonly onEnd?: (client: string, stored: TaskRecord) => void;
}
