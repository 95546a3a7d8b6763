/**
 * Lists the tasks of one client, in the order of their creation and in the order of their last changes.
 *
 * @module
 */

import type { RemovedTask, StoredTask } from "./store.ts";

/** A node of the list of a client's tasks that is ordered by last change. */
export interface IndexedTask {
  stored: StoredTask;
  /** The task's position in the order of creation of all tasks; never reused. */
  readonly place: number;
  older: IndexedTask | null;
  newer: IndexedTask | null;
}

/** The data that is remembered of a client besides its tasks. */
export interface ClientMemory {
  /** The sequence number of the last change to the client's tasks. */
  readonly lastSeq: number;
  /** The sequence number up to which removals of the client's tasks may have been forgotten. */
  readonly forgottenSeq: number;
}

/** The tasks of one client. */
export class ClientTasks implements ClientMemory {
  /**
   * The tasks by id; they are in the order of creation once {@linkcode ClientTasks.inOrder} has sorted them.
   */
  readonly tasks: Map<string, IndexedTask> = new Map();
  /** Whether a restored task was added at the end of `tasks`, so that they are out of order. */
  isShuffled = false;
  /** The highest place of a task so far. */
  lastPlace = 0;
  newest: IndexedTask | null = null;
  lastSeq = 0;
  removed: RemovedTask[] = [];
  forgottenSeq = 0;

  /**
   * Returns the tasks in the order of creation. The tasks are sorted by this method, and not on each restore, because
   * users restore many tasks at once.
   */
  inOrder(): Iterable<IndexedTask> {
    if (this.isShuffled) {
      const tasks = [...this.tasks].sort(([, left], [, right]) => left.place - right.place);
      this.tasks.clear();
      for (const [id, node] of tasks) this.tasks.set(id, node);
      this.isShuffled = false;
    }
    return this.tasks.values();
  }

  moveToNewest(node: IndexedTask): void {
    if (this.newest === node) return;
    this.unlink(node);
    node.older = this.newest;
    if (this.newest !== null) this.newest.newer = node;
    this.newest = node;
  }

  unlink(node: IndexedTask): void {
    if (node.older !== null) node.older.newer = node.newer;
    if (node.newer !== null) node.newer.older = node.older;
    if (this.newest === node) this.newest = node.older;
    node.older = null;
    node.newer = null;
  }
}
