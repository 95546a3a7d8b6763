/**
 * Orders a list of tasks so that subtasks are below their parents.
 *
 * @module
 */

import type { Task } from "./task.ts";
import { comparePlace } from "./task_view.ts";

/** A task in a list of trees. */
export interface TreeTask {
  readonly task: Task;
  /** The number of its ancestors in the list. */
  readonly depth: number;
}

/**
 * Orders tasks as a list does, but with subtasks below their parents, oldest first. A tree is placed where the first of
 * its tasks would be, so that an unfinished subtask keeps its whole tree among the unfinished tasks.
 *
 * @param tasks the tasks; a subtask whose parent is not one of them is like a task without a parent
 * @returns every task once
 */
export function inTrees(tasks: readonly Task[]): readonly TreeTask[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const below = Map.groupBy(
    tasks,
    ({ parent_id: parent }) => parent !== null && ids.has(parent) ? parent : null,
  );
  const seen = new Set<string>();
  const trees = (below.get(null) ?? []).map((root) => treeOf(root, below, seen));
  // Records that an old server has stored may be their own ancestors, and then are not below any root.
  for (const task of tasks) if (!seen.has(task.id)) trees.push(treeOf(task, below, seen));
  const placed = trees.map((tree) => ({
    tree,
    first: tree.map(({ task }) => task).reduce((first, task) => comparePlace(task, first) < 0 ? task : first),
  }));
  return placed.sort((left, right) => comparePlace(left.first, right.first)).flatMap(({ tree }) => tree);
}

/** Returns a task and all tasks below it, each after its parent. A loop, not recursion, because trees may be deep. */
function treeOf(
  root: Task,
  below: ReadonlyMap<string | null, readonly Task[]>,
  seen: Set<string>,
): TreeTask[] {
  const tree: TreeTask[] = [];
  const stack: TreeTask[] = [{ task: root, depth: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { task, depth } = next;
    if (seen.has(task.id)) continue;
    seen.add(task.id);
    tree.push(next);
    // The oldest child is on top of the stack.
    for (const child of (below.get(task.id) ?? []).toSorted(byAge)) {
      stack.push({ task: child, depth: depth + 1 });
    }
  }
  return tree;
}

function byAge(left: Task, right: Task): number {
  return right.created_at - left.created_at || (right.id > left.id ? 1 : -1);
}
