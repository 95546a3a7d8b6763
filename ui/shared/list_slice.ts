/**
 * A part of a list, as one page shows it. Pure.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { DEFAULT_PAGE_SIZE, type ListedTask, MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { EVERYTHING, type ListQuery } from "./list_query.ts";
import { listRules } from "./list_rules.ts";

/** A heading of a list, and how many tasks stand below it on all pages. */
export interface ListSection {
  /** As `ListRules.sectionOf` gives it. */
  readonly key: string;
  readonly total: number;
}

/** A part of a list of tasks. */
export interface TaskSlice {
  readonly query: ListQuery;
  /** In the order of the list. */
  readonly tasks: readonly Task[];
  /** All of them, in no order. */
  readonly sections: readonly ListSection[];
  /** How many tasks of the list come before these. */
  readonly from: number;
  /** How many tasks the list has. */
  readonly matching: number;
  /** How many of the client's tasks have not ended, whether they are wanted or not. */
  readonly activeTotal: number;
  /** How many have. */
  readonly endedTotal: number;
  /** This page's number, from 1. */
  readonly page: number;
  /** How many pages there are; at least 1. */
  readonly pages: number;
}

/** Which part of a list is wanted. */
export interface SliceBounds {
  /** How many tasks to leave out. */
  readonly from: number;
  /** How many to take at most. */
  readonly limit: number;
}

/** The number of tasks that a page lists. */
export const TASKS_PER_PAGE = DEFAULT_PAGE_SIZE;

/**
 * Cuts a part out of a client's tasks.
 *
 * @param tasks all tasks of the client, in any order
 * @param query which of them are wanted
 * @param now the time, in epoch seconds
 * @param bounds which part, or the number of a page; one that does not exist becomes the nearest that does
 * @returns the part
 */
export function sliceOf(
  tasks: Iterable<ListedTask>,
  query: ListQuery,
  now: number,
  bounds: SliceBounds | number,
): TaskSlice {
  const rules = listRules(query, now);
  const wanted: ListedTask[] = [];
  const totals = new Map<string, number>(headings(query).map((key) => [key, 0]));
  let [activeTotal, endedTotal] = [0, 0];
  for (const listed of tasks) {
    if (hasEnded(listed.summary)) endedTotal++;
    else activeTotal++;
    if (!rules.admits(listed)) continue;
    wanted.push(listed);
    const key = rules.sectionOf(listed.summary);
    totals.set(key, (totals.get(key) ?? 0) + 1);
  }
  wanted.sort((left, right) => rules.compare(left.summary, right.summary));
  const pages = Math.max(1, Math.ceil(wanted.length / TASKS_PER_PAGE));
  const { from, limit } = typeof bounds === "number" ? pageBounds(bounds, pages) : bounds;
  const shown = wanted.slice(from, from + limit).map(({ task }) => task);
  return {
    query,
    tasks: shown,
    sections: Array.from(totals, ([key, total]) => ({ key, total })),
    from,
    matching: wanted.length,
    activeTotal,
    endedTotal,
    page: Math.floor(from / TASKS_PER_PAGE) + 1,
    pages,
  };
}

/**
 * Cuts one page out of a client's tasks, all of which are wanted.
 *
 * @param tasks all tasks of the client, in any order
 * @param page the wanted page, from 1
 * @returns the page
 */
export function pageOfTasks(tasks: Iterable<Task>, page: number): TaskSlice {
  return sliceOf(listedTasks(tasks), EVERYTHING, 0, page);
}

/** Records that are at hand, as {@linkcode sliceOf} wants them. */
export function listedTasks(tasks: Iterable<Task>): ListedTask[] {
  return Array.from(tasks, (task) => ({ summary: task, task }));
}

/** The headings that stand on every page, also above nothing. */
export function headings(query: ListQuery): readonly string[] {
  if (query.group !== "") return [];
  return query.view === "all" ? ["all"] : ["active", "ended"];
}

/**
 * Reads which part of a list is wanted: `from` and `limit`.
 *
 * @throws {RangeError} where it makes no sense
 */
export function readBounds(params: URLSearchParams): SliceBounds {
  const [from, limit] = [Number(params.get("from")), Number(params.get("limit"))];
  const isGood = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (isGood(from, 1e9) && isGood(limit, MAX_PAGE_SIZE)) return { from, limit };
  throw new RangeError(
    `Cannot read the part of the list: wanted "from" and a "limit" of 0 to ${MAX_PAGE_SIZE}, ` +
      `received "${params.toString().slice(0, 100)}"`,
  );
}

function pageBounds(page: number, pages: number): SliceBounds {
  const wanted = Number.isFinite(page) ? Math.min(pages, Math.max(1, Math.trunc(page))) : 1;
  return { from: (wanted - 1) * TASKS_PER_PAGE, limit: TASKS_PER_PAGE };
}
