/**
 * The bars of tasks that have parts: what the parts' progress adds up to.
 *
 * @module
 */

import type { Task } from "../task/task.ts";

/** The sums over the children of one task, and what its own parent holds of it. */
export class SubtaskProgress {
  /** Of the children's weights. */
  #weight = 0;
  /** Of the children's weights times their progress. */
  #progress = 0;
  /** The task gives its own progress, so that its children's does not count. */
  #hasOwnProgress = false;
  /** The progress that the sums of its parent hold of this task; `null` where the parent was not there yet. */
  #heldByParent: number | null = null;

  /** The task says itself how far it is. */
  setsOwnProgress(): void {
    this.#hasOwnProgress = true;
  }

  /**
   * Takes the progress of a child into the sums.
   *
   * @param child the child's record
   * @param of the child's own family
   * @returns the progress of all children together; `null` where it does not count
   */
  add(child: Task, of: SubtaskProgress): number | null {
    const progress = child.progress ?? 0;
    if (of.#heldByParent === null) this.#weight += child.weight;
    this.#progress += child.weight * (progress - (of.#heldByParent ?? 0));
    of.#heldByParent = progress;
    return this.#hasOwnProgress || this.#weight === 0 ? null : this.#progress / this.#weight;
  }
}
