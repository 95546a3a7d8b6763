/**
 * The changes that another node has committed, as a node that follows it applies them.
 *
 * @module
 */

import type { NumberedLine } from "./side_tables.ts";
import type { TaskRecord, TaskStore } from "./store.ts";

/** A task that another node has created or changed. */
export interface FollowedTask {
  readonly client: string;
  /** The task's position in the order of creation of all tasks. */
  readonly place: number;
  readonly stored: TaskRecord;
  /** When the task ended, in epoch seconds by the clock of the node that ended it; `null` if it has not ended. */
  readonly endedAt: number | null;
  /**
   * The log lines that were added since the version of the task that is known here, oldest first; only the newest of
   * them if there are too many.
   */
  readonly lines: readonly NumberedLine[];
}

/** A task that another node has removed. */
export interface FollowedRemoval {
  readonly client: string;
  readonly id: string;
  /** The sequence number of the removal. */
  readonly seq: number;
}

/** What was committed after a sequence number. A task that was removed and restored is in both lists. */
export interface FollowedChanges {
  /** The sequence number of the last of these changes. */
  readonly seq: number;
  /** Each changed task once, in its newest version, ordered by sequence number. */
  readonly tasks: readonly FollowedTask[];
  /** The removals, ordered by sequence number. */
  readonly removed: readonly FollowedRemoval[];
}

/** What was committed after a sequence number, and who commits. */
export interface PulledChanges extends FollowedChanges {
  readonly epoch: string;
  /** The node that took the tasks last, even if its lease has expired; `null` if it has handed them over. */
  readonly owner: {
    readonly id: string;
    /** Where the other nodes reach it; `null` if that is unknown. */
    readonly address: string | null;
  } | null;
  /** Whether any node may take the tasks. */
  readonly isFree: boolean;
  /** Whether more changes follow. */
  readonly hasMore: boolean;
  /**
   * Whether the changes are unknown, because they are too old, no node of the cluster has made them, or the database has
   * another history: there are none here, and everything must be loaded again.
   */
  readonly gap: boolean;
}

/** A store of which another node is the authority, until this one takes it over. */
export interface FollowedStore extends TaskStore {
  /** Applies a change. */
  followTask(task: FollowedTask): void;
  /** Applies a removal. It is remembered even if the task is unknown here, because watchers may know it. */
  followRemoval(removal: FollowedRemoval): void;
  /** Notes that all changes up to a sequence number were applied. */
  followedTo(seq: number): void;
}
