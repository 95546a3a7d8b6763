/**
 * Computes the progress of a task from that of its subtasks.
 *
 * @module
 */

import type { Task } from "../task/task.ts";

/** Incremental sums over the children of one task. */
export class SubtaskProgress {
  /** The sum of the children's weights. */
  #weight = 0;
  /** The sum of the children's weights times their progress. */
  #progress = 0;
  /** Whether the task reports its own progress, so that its children's does not count. */
  #hasOwnProgress = false;
  /** This task's progress as counted in its parent's sums; `null` if it is not counted yet. */
  #countedByParent: number | null = null;

  /** Notes that the task reports its own progress. */
  setsOwnProgress(): void {
    this.#hasOwnProgress = true;
  }

  /**
   * Adds or updates the progress of a child.
   *
   * @param child the child's record
   * @param of the child's own sums
   * @returns the weighted mean progress of the children; `null` if it does not apply
   */
  add(child: Task, of: SubtaskProgress): number | null {
    const progress = child.progress ?? 0;
    if (of.#countedByParent === null) this.#weight += child.weight;
    this.#progress += child.weight * (progress - (of.#countedByParent ?? 0));
    of.#countedByParent = progress;
    return this.#hasOwnProgress || this.#weight === 0 ? null : this.#progress / this.#weight;
  }
}
