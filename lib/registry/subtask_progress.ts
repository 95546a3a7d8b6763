/**
 * Computes the progress of a task from the progress of its subtasks.
 *
 * @module
 */

import type { Task } from "../task/task.ts";

/** Incremental sums of the weights and progress of one task's children. */
export class SubtaskProgress {
  /** The sum of the children's weights. */
  #weight = 0;
  /** The sum of the children's weights times their progress. */
  #progress = 0;
  /** Whether the task reports its own progress, so that its children's progress does not count. */
  #hasOwnProgress = false;
  /** The progress of this task that its parent's sums include; `null` if they do not include it yet. */
  #countedByParent: number | null = null;

  /** Records that the task reports its own progress. */
  setsOwnProgress(): void {
    this.#hasOwnProgress = true;
  }

  /**
   * Adds or updates the progress of a child.
   *
   * @param child the child's record
   * @param of the sums over the child's own children
   * @returns the weighted mean progress of the children; `null` if the task reports its own progress
   */
  add(child: Task, of: SubtaskProgress): number | null {
    const progress = child.progress ?? 0;
    if (of.#countedByParent === null) this.#weight += child.weight;
    this.#progress += child.weight * (progress - (of.#countedByParent ?? 0));
    of.#countedByParent = progress;
    return this.#hasOwnProgress || this.#weight === 0 ? null : this.#progress / this.#weight;
  }
}
