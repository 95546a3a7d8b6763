/**
 * Decides which tasks a list shows, in which order and under which heading. The server applies the rules to all tasks
 * of a client, the browser to the tasks that it has loaded.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import {
  FILTER_NAMES,
  filterValues,
  TASK_FILTERS,
  TASK_PAGING,
  type TaskCondition,
} from "../../lib/task/task_query.ts";
import { compare, matches } from "../../lib/task/apply_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { ListQuery } from "./list_query.ts";

/** The rules of one list. */
export interface ListRules {
  /** Returns whether a task belongs to the list. */
  matches(task: Task): boolean;
  /** Returns whether a task meets all conditions of the list, except the condition on its state. */
  matchesInAnyState(task: Task): boolean;
  /** The conditions of the list, except the condition on the state. */
  readonly conditions: readonly TaskCondition[];
  /** Returns whether a task is in a state that the list shows. */
  hasState(task: TaskSummary): boolean;
  /** Compares two tasks by their order in the list; returns 0 only for the same task. */
  compare(left: TaskSummary, right: TaskSummary): number;
  /** Returns the key of a task's section: `active`, `ended`, `all`, or `name:` followed by the task's name. */
  sectionOf(task: TaskSummary): string;
}

/**
 * Creates the rules of a list.
 *
 * @param query the filters, the order and the view of the list
 * @param now the current time in epoch seconds, to which ages such as `1h` are relative
 * @returns the rules of the list
 */
export function listRules(query: ListQuery, now: number): ListRules {
  const conditions = FILTER_NAMES.filter((name) => query[name] !== "" && name !== "state").map((name) => {
    const filter = TASK_FILTERS[name];
    return filter.condition(filterValues(filter, [query[name]]), now);
  });
  const states: ReadonlySet<string> = new Set(filterValues(TASK_FILTERS.state, [query.state]));
  const hasState = (task: TaskSummary) => query.state === "" || states.has(task.state);
  const sort = TASK_PAGING.sort.parse(query.sort) ?? TASK_PAGING.sort.default;
  const isSplit = query.view === "split" && query.group === "";
  const isUsual = query.sort === "";

  function compareWithin(left: TaskSummary, right: TaskSummary): number {
    if (isSplit && isUsual && hasEnded(left)) return endOf(right) - endOf(left);
    return compare(left, right, sort);
  }

  return {
    matches: (task) => hasState(task) && matches(task, conditions),
    matchesInAnyState: (task) => matches(task, conditions),
    conditions,
    hasState,
    compare(left, right) {
      if (isSplit && hasEnded(left) !== hasEnded(right)) return hasEnded(left) ? 1 : -1;
      if (query.group !== "" && left.name !== right.name) return left.name < right.name ? -1 : 1;
      return compareWithin(left, right) || compareIds(left.id, right.id, sort.descending);
    },
    sectionOf: (task) =>
      query.group !== "" ? `name:${task.name}` : !isSplit ? "all" : hasEnded(task) ? "ended" : "active",
  };
}

function endOf(task: TaskSummary): number {
  return task.finished_at ?? task.updated_at;
}

/** Compares two tasks by id. Ids that the server creates sort in the order of creation. */
function compareIds(left: string, right: string, descending: boolean): number {
  return left === right ? 0 : (left < right) === descending ? 1 : -1;
}
