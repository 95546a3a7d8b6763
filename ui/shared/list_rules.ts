/**
 * Decides which tasks a list shows, in which order and under which heading: on the server for all tasks of a client, in
 * the browser for those it has loaded. Pure.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import {
  compare,
  FILTER_NAMES,
  filterValues,
  type ListedTask,
  matches,
  matchesListed,
  TASK_FILTERS,
  TASK_PAGING,
} from "../../lib/task/task_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { ListQuery } from "./list_query.ts";

/** The rules of one list. */
export interface ListRules {
  /** Whether a task belongs to the list. */
  matches(task: Task): boolean;
  /** Whether a task belongs to the list. Accesses the record only if the summary cannot decide. */
  admits(listed: ListedTask): boolean;
  /** Compares two tasks by their places in the list; 0 only for the same task. */
  compare(left: TaskSummary, right: TaskSummary): number;
  /** The key of a task's section: `active`, `ended`, `all`, or `name:` followed by the task's name. */
  sectionOf(task: TaskSummary): string;
}

/**
 * Makes the rules of a list.
 *
 * @param query filters, order and view
 * @param now the time that ages such as `1h` are relative to, in epoch seconds
 * @returns the rules
 */
export function listRules(query: ListQuery, now: number): ListRules {
  const conditions = FILTER_NAMES.filter((name) => query[name] !== "").map((name) => {
    const filter = TASK_FILTERS[name];
    return filter.condition(filterValues(filter, [query[name]]), now);
  });
  const sort = TASK_PAGING.sort.parse(query.sort) ?? TASK_PAGING.sort.default;
  const isSplit = query.view === "split" && query.group === "";
  const isUsual = query.sort === "";

  function compareWithin(left: TaskSummary, right: TaskSummary): number {
    if (isSplit && isUsual && hasEnded(left)) return endOf(right) - endOf(left);
    return compare(left, right, sort);
  }

  return {
    matches: (task) => matches(task, conditions),
    admits: (listed) => matchesListed(listed, conditions),
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

/** Orders tasks with equal fields by id, which for ids that the server made is the order of creation. */
function compareIds(left: string, right: string, descending: boolean): number {
  return left === right ? 0 : (left < right) === descending ? 1 : -1;
}
