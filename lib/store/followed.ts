/**
 * The changes that another node has committed, in the form in which a follower applies them.
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
   * The log lines that were added since the version of the task that this node knows, oldest first. If there are too
   * many, only the newest lines.
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

/**
 * The changes that were committed after a sequence number. A task that was removed and then restored is in both lists.
 */
export interface FollowedChanges {
  /** The sequence number of the last of these changes. */
  readonly seq: number;
  /** Each changed task once, in its newest version, ordered by sequence number. */
  readonly tasks: readonly FollowedTask[];
  /** The removals, ordered by sequence number. */
  readonly removed: readonly FollowedRemoval[];
}

/** The changes that were committed after a sequence number, and the node that commits. */
export interface PulledChanges extends FollowedChanges {
  readonly epoch: string;
  /** The node that took the tasks last, even if its lease has expired; `null` if that node has handed them over. */
  readonly owner: {
    readonly id: string;
    /** The address at which the other nodes reach the owner; `null` if it is unknown. */
    readonly address: string | null;
  } | null;
  /** Whether any node may take the tasks. */
  readonly isFree: boolean;
  /** Whether the database has more changes after these. */
  readonly hasMore: boolean;
  /**
   * Whether the changes cannot be read, because they are too old, were not made by a node of the cluster, or the
   * database has another history. The lists are then empty, and everything must be reloaded.
   */
  readonly gap: boolean;
}

/** A store of which another node is the authority, until this node takes it over. */
export interface FollowedStore extends TaskStore {
  /** Applies a change. */
  followTask(task: FollowedTask): void;
  /** Applies a removal. The removal is remembered even if this node does not know the task, because watchers may. */
  followRemoval(removal: FollowedRemoval): void;
  /** Notes that all changes up to a sequence number were applied. */
  followedTo(seq: number): void;
}
