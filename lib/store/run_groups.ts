/**
 * Groups the ended tasks of one client by name, in the order in which they ended.
 *
 * @module
 */

import { isFinal, type TaskSummary } from "../task/task.ts";
import type { StoredTask } from "./store.ts";

/**
 * A task in a group. The property `stored` may be replaced, but only by a stored task with an equal summary.
 */
export interface GroupedTask {
  readonly stored: StoredTask;
  /** The task's place in the order of creation, which breaks ties between equal end times. */
  readonly place: number;
}

/** Groups ended tasks by name. Unfinished tasks are ignored. */
export class RunGroups {
  /** The groups by name; the tasks of each group are in the order in which they ended, oldest first. */
  readonly #groups: Map<string, GroupedTask[]> = new Map();

  /** Adds a task to the group of its name if it has ended. */
  add(task: GroupedTask): void {
    const { name, state } = task.stored.summary;
    if (!isFinal(state)) return;
    const group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, [task]);
    else group.splice(indexIn(group, task), 0, task);
  }

  /** Removes a task that was added. Call this before the task's summary changes. */
  delete(task: GroupedTask): void {
    const { name, state } = task.stored.summary;
    const group = isFinal(state) ? this.#groups.get(name) : undefined;
    if (group === undefined) return;
    // Fast path: nearly always, the removed task is the oldest of its group.
    const index = group[0] === task ? 0 : indexIn(group, task);
    if (index === 0 && group[0] === task) group.shift();
    else if (group[index] === task) group.splice(index, 1);
    if (group.length === 0) this.#groups.delete(name);
  }

  /** Returns the newest ended tasks of a name, latest end first, at most `most` of them. */
  newest(name: string, most: number): TaskSummary[] {
    const group = this.#groups.get(name) ?? [];
    const runs: TaskSummary[] = [];
    for (let index = group.length - 1; index >= 0 && runs.length < most; index--) {
      runs.push(group[index]!.stored.summary);
    }
    return runs;
  }
}

/** Returns the index of a task in a group, or the index at which to insert it. */
function indexIn(group: readonly GroupedTask[], task: GroupedTask): number {
  let [low, high] = [0, group.length];
  // Fast path: nearly always, the task is the last one to have ended.
  if (high > 0 && compareEnds(group[high - 1]!, task) < 0) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareEnds(group[middle]!, task) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareEnds(left: GroupedTask, right: GroupedTask): number {
  return (left.stored.summary.finished_at ?? 0) - (right.stored.summary.finished_at ?? 0) ||
    left.place - right.place;
}
