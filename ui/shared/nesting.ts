/**
 * Decides which subtasks a list shows below their parents.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import type { Summarised } from "../../lib/task/apply_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { isFiltered, type ListQuery } from "./list_query.ts";
import { compareRuns } from "./relations.ts";

/** The data that a list has about a task with subtasks, or about the parent of a task that is listed alone. */
export interface Parent {
  readonly id: string;
  readonly name: string;
  readonly hasEnded: boolean;
  /** The number of direct subtasks that are listed below the task. */
  readonly total: number;
  /** The number of these subtasks that have ended. */
  readonly ended: number;
}

/** The fields of a task that decide whether subtasks are listed below it. */
export interface Ancestor {
  readonly parent_id: string | null;
  readonly hasEnded: boolean;
}

/** The subtasks of a part of a list. */
export interface Nested<T = Task> {
  /** The subtasks that are shown: all of the first level, then all of the second, and so on. */
  readonly subtasks: readonly T[];
  /** The shown tasks that have subtasks, and the parents of tasks that are listed alone. */
  readonly parents: readonly Parent[];
}

/** The maximum number of levels of subtasks that a list shows. */
export const MAX_LEVELS = 3;
/** The maximum number of subtasks that a list shows below one parent. */
export const MAX_SIBLINGS = 20;
/** The maximum number of subtasks that a part of a list shows. */
export const MAX_NESTED = 200;
/** The maximum number of ancestors that are checked to detect a task that is its own ancestor. */
const MAX_CHECKED = 50;

/** Returns whether a list shows subtasks below their parents; with a filter or groups, each task is listed alone. */
export function nests(query: ListQuery): boolean {
  return !isFiltered(query) && query.group === "";
}

/**
 * Returns whether a task is listed below its parent. A task that has not ended is not listed below a parent that has
 * ended, because it would then be among the ended tasks.
 *
 * @param task the task
 * @param lookUp returns a task of the same client by its id; `undefined` if it does not exist
 */
export function isNested(task: TaskSummary, lookUp: (id: string) => Ancestor | undefined): boolean {
  const parent = task.parent_id === null ? undefined : lookUp(task.parent_id);
  if (parent === undefined || (parent.hasEnded && !hasEnded(task))) return false;
  // In records of an old server, a task may be its own ancestor. Such a task would be below no task of the list.
  let ancestor = task.parent_id;
  for (let checked = 0; ancestor !== null && checked < MAX_CHECKED; checked++) {
    if (ancestor === task.id) return false;
    ancestor = lookUp(ancestor)?.parent_id ?? null;
  }
  return true;
}

/**
 * Compares two subtasks of one parent to select the ones that are shown: subtasks that have not ended come first, in
 * the order of their creation, followed by ended subtasks, the latest end first.
 */
export function compareUrgency(left: TaskSummary, right: TaskSummary): number {
  const isEnded = hasEnded(left);
  if (isEnded !== hasEnded(right)) return isEnded ? 1 : -1;
  return (isEnded ? endOf(right) - endOf(left) : 0) || compareRuns(left, right);
}

function endOf(task: TaskSummary): number {
  return task.finished_at ?? task.updated_at;
}

/** The subtasks of all tasks of a client. */
export class Nesting<Listed extends Summarised> {
  readonly #all: ReadonlyMap<string, Listed>;
  readonly #below = new Map<string, Listed[]>();

  /** @param all all tasks of the client */
  constructor(all: readonly Listed[]) {
    this.#all = new Map(all.map((listed) => [listed.summary.id, listed]));
    for (const listed of all) {
      const { parent_id: parent } = listed.summary;
      if (parent === null || !this.isNested(listed.summary)) continue;
      const siblings = this.#below.get(parent);
      if (siblings === undefined) this.#below.set(parent, [listed]);
      else siblings.push(listed);
    }
  }

  /** Returns whether a task is listed below its parent. */
  isNested(task: TaskSummary): boolean {
    return isNested(task, (id) => {
      const ancestor = this.#all.get(id)?.summary;
      return ancestor && { parent_id: ancestor.parent_id, hasEnded: hasEnded(ancestor) };
    });
  }

  /**
   * Selects the subtasks of a part of the list.
   *
   * @param part the tasks of the part
   * @param asked the ids of further tasks to describe as parents
   */
  below(part: readonly Listed[], asked: readonly string[]): Nested<Listed> {
    const shown: TaskSummary[] = part.map(({ summary }) => summary);
    const subtasks: Listed[] = [];
    let parents: readonly TaskSummary[] = shown;
    for (let level = 0; level < MAX_LEVELS; level++) {
      const next = parents.flatMap(({ id }) => this.#shownBelow(id)).slice(0, MAX_NESTED - subtasks.length);
      subtasks.push(...next);
      parents = next.map(({ summary }) => summary);
      shown.push(...parents);
    }
    return { subtasks, parents: this.#parentsOf(shown, asked) };
  }

  #shownBelow(id: string): readonly Listed[] {
    const all = this.#below.get(id) ?? [];
    const some = all.length <= MAX_SIBLINGS
      ? all
      : all.toSorted((left, right) => compareUrgency(left.summary, right.summary)).slice(0, MAX_SIBLINGS);
    return some.toSorted((left, right) => compareRuns(left.summary, right.summary));
  }

  #parentsOf(shown: readonly TaskSummary[], asked: readonly string[]): readonly Parent[] {
    const ids = new Set([...asked, ...shown.map(({ id }) => id).filter((id) => this.#below.has(id))]);
    for (const { parent_id: parent } of shown) if (parent !== null) ids.add(parent);
    return [...ids].map((id) => this.#all.get(id)).filter((each) => each !== undefined).map(({ summary }) => {
      const below = this.#below.get(summary.id) ?? [];
      return parentOf(summary, below.length, below.filter((each) => hasEnded(each.summary)).length);
    });
  }
}

function parentOf(task: TaskSummary, total = 0, ended = 0): Parent {
  return { id: task.id, name: task.name, hasEnded: hasEnded(task), total, ended };
}

/** Describes the parents of tasks that are listed alone, and the tasks whose ids were requested. */
export function parentsOf(
  part: readonly Summarised[],
  all: readonly Summarised[],
  asked: readonly string[],
): readonly Parent[] {
  const ids = new Set([...asked, ...part.map(({ summary }) => summary.parent_id)]);
  return all.filter(({ summary }) => ids.has(summary.id)).map(({ summary }) => parentOf(summary));
}
