/**
 * Which tasks belong to a list, in which order and below which heading: the same on the server, which has all of them, and
 * in the browser, which has some. Pure.
 *
 * @module
 */

import type { Task, TaskSummary } from "../../lib/task/task.ts";
import {
  compare,
  type ListedTask,
  matches,
  matchesListed,
  type SortField,
  type TaskQuery,
  type TaskSort,
} from "../../lib/task/task_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { timeFrom } from "../../lib/task/time_filter.ts";
import type { ListQuery } from "./list_query.ts";

/** What makes a list of tasks. */
export interface ListRules {
  /** Whether a task belongs to the list. */
  matches(task: Task): boolean;
  /** The same, without fetching the record where it is not needed. */
  admits(listed: ListedTask): boolean;
  /** Which of two comes first; 0 for the same task alone. */
  compare(left: TaskSummary, right: TaskSummary): number;
  /** The key of the section that a task stands in: `active`, `ended`, `all`, or `name:` and its name. */
  sectionOf(task: TaskSummary): string;
}

const NEWEST: TaskSort = { field: "created_at", descending: true };

/**
 * The rules of a list.
 *
 * @param query what is wanted
 * @param now the time that ages are counted from, in epoch seconds
 * @returns the rules
 */
export function listRules(query: ListQuery, now: number): ListRules {
  const wanted: TaskQuery = {
    states: query.states.length === 0 ? null : new Set(query.states),
    name: query.name === "" ? null : query.name.toLowerCase().split("*"),
    tags: query.tags,
    text: query.q === "" ? null : query.q.toLowerCase(),
    since: query.since === "" ? null : timeFrom(query.since, now),
    until: query.until === "" ? null : timeFrom(query.until, now),
    sort: sortOf(query.sort),
    limit: 1,
    page: 1,
  };
  const isSplit = query.view === "split" && query.group === "";
  const isUsual = query.sort === "";

  function compareWithin(left: TaskSummary, right: TaskSummary): number {
    if (isSplit && isUsual && hasEnded(left)) return endOf(right) - endOf(left);
    return compare(left, right, wanted.sort);
  }

  return {
    matches: (task) => matches(task, wanted),
    admits: (listed) => matchesListed(listed, wanted),
    compare(left, right) {
      if (isSplit && hasEnded(left) !== hasEnded(right)) return hasEnded(left) ? 1 : -1;
      if (query.group !== "" && left.name !== right.name) return left.name < right.name ? -1 : 1;
      return compareWithin(left, right) || compareIds(left.id, right.id, wanted.sort.descending);
    },
    sectionOf: (task) =>
      query.group !== "" ? `name:${task.name}` : !isSplit ? "all" : hasEnded(task) ? "ended" : "active",
  };
}

function endOf(task: TaskSummary): number {
  return task.finished_at ?? task.updated_at;
}

/** Those of the same rank stand in the order of their ids, which mostly is that of their creation. */
function compareIds(left: string, right: string, descending: boolean): number {
  return left === right ? 0 : (left < right) === descending ? 1 : -1;
}

function sortOf(sort: string): TaskSort {
  if (sort === "") return NEWEST;
  return { field: sort.replace("-", "") as SortField, descending: sort.startsWith("-") };
}
