/**
 * Calculates each subtask's share of its parent's progress.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

/** The fields of a parent that determine the shares of its subtasks. */
export type SharingParent = Pick<Task, "progress" | "expected_weight" | "own_progress">;

/** The fields of a subtask that determine its share. */
export type SharingSubtask = Pick<Task, "id" | "weight" | "share" | "retry_of">;

/**
 * Returns the known shares. A declared share is always known; a share that is calculated from weights is known only
 * if the parent's progress is known. If an attempt of a subtask was retried, it has no share.
 *
 * @param parent the parent
 * @param subtasks the subtasks of the parent
 * @param isComplete whether `subtasks` has all subtasks of the parent
 * @returns the shares in percent, by the id of the subtask; empty if the parent reports its own progress
 */
export function sharesOf(
  parent: SharingParent,
  subtasks: readonly SharingSubtask[],
  isComplete: boolean,
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  if (parent.own_progress) return shares;
  const retried = new Set(subtasks.map(({ retry_of }) => retry_of));
  const counted = subtasks.filter(({ id }) => !retried.has(id));
  const declared = counted.reduce((sum, { share }) => sum + (share ?? 0), 0);
  const weights = counted.reduce((sum, { share, weight }) => share === null ? sum + weight : sum, 0);
  const whole = Math.max(weights, parent.expected_weight ?? 0);
  const areWeightsKnown = isComplete && parent.progress !== null && whole > 0;
  for (const { id, share, weight } of counted) {
    if (share !== null) shares.set(id, 100 * share / Math.max(1, declared));
    else if (areWeightsKnown) shares.set(id, 100 * Math.max(0, 1 - declared) * weight / whole);
  }
  return shares;
}
