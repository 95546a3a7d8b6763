/**
 * Parses and validates the query string of a list of tasks, and selects the tasks of one page.
 *
 * @module
 */

import { now } from "../../clock.ts";
import { andThen, type MaybePromise } from "../../task/maybe_promise.ts";
import type { RegistryReader } from "../../registry/registry_reader.ts";
import type { StoredTask } from "../../store/store.ts";
import { FILTER_TEXTS, PAGING_TEXTS } from "../../task/query_texts.ts";
import {
  FILTER_NAMES,
  filterValues,
  MAX_FILTER_LENGTH,
  MAX_FILTER_VALUES,
  type PagingParameter,
  TASK_FILTERS,
  TASK_PAGING,
  type TaskCondition,
  type TaskQuery,
} from "../../task/task_query.ts";
import { compare, matchingTasks } from "../../task/apply_query.ts";
import { Problem } from "../problem.ts";

/** The names of all query parameters of a list of tasks. */
const LIST_PARAMETERS: readonly string[] = [...FILTER_NAMES, ...Object.keys(TASK_PAGING)];

/** The names of all query parameters of a list of names. */
const NAME_PARAMETERS: readonly string[] = FILTER_NAMES.filter((name) => TASK_FILTERS[name].isForNames);

/** One page of a list. */
export interface TaskPage {
  readonly tasks: readonly StoredTask[];
  /** The number of tasks on all pages. */
  readonly total: number;
  /** The number of the next page; `null` on the last page. */
  readonly nextPage: number | null;
}

/**
 * Reads the parameters of a list of tasks.
 *
 * @param params the query string
 * @returns the query
 * @throws {Problem} 400 if a parameter is unknown, invalid, or repeated; the problem names it
 */
export function parseTaskQuery(params: URLSearchParams): TaskQuery {
  rejectOthers(params, LIST_PARAMETERS);
  return {
    conditions: conditionsOf(params),
    sort: valueOf(params, "sort", TASK_PAGING.sort),
    limit: valueOf(params, "limit", TASK_PAGING.limit),
    page: valueOf(params, "page", TASK_PAGING.page),
  };
}

/**
 * Reads the parameters of a list of names.
 *
 * @param params the query string
 * @returns the conditions that a task must meet to be counted; all of them can be checked with the task's
 * summary
 * @throws {Problem} 400 if a parameter is unknown, invalid, or repeated; the problem names it
 */
export function parseNameQuery(params: URLSearchParams): readonly TaskCondition[] {
  rejectOthers(params, NAME_PARAMETERS);
  return conditionsOf(params);
}

/** The tasks that a page is selected from. */
export type TaskSource = Pick<RegistryReader, "list" | "records">;

/**
 * Selects the tasks of one page.
 *
 * @param source the tasks
 * @param client the client token
 * @param query the conditions, the order and the page
 * @returns the page
 */
export function selectTasks(source: TaskSource, client: string, query: TaskQuery): MaybePromise<TaskPage> {
  const read = (tasks: readonly StoredTask[]) => source.records(tasks);
  return andThen(
    matchingTasks(source.list(client), query.conditions, read),
    (matching) => pageOf(matching, query),
  );
}

function pageOf(matching: StoredTask[], query: TaskQuery): TaskPage {
  // The sort is stable: tasks whose sort fields are equal stay in the order of creation, so no task is on two
  // pages.
  const ranked = (query.sort.descending ? matching.reverse() : matching)
    .sort((a, b) => compare(a.summary, b.summary, query.sort));
  const first = (query.page - 1) * query.limit;
  const hasMore = first + query.limit < ranked.length;
  return {
    tasks: ranked.slice(first, first + query.limit),
    total: ranked.length,
    nextPage: hasMore ? query.page + 1 : null,
  };
}

/**
 * Returns the `Link` header of a response that has a next page.
 *
 * @param url the URL of this page
 * @param page the number of the next page
 * @param impliedLimit the limit of this page, if the URL does not contain it and it is not the default
 */
export function linkToPage(url: string, page: number, impliedLimit: number | null = null): string {
  const next = new URL(url);
  if (impliedLimit !== null) next.searchParams.set("limit", String(impliedLimit));
  next.searchParams.set("page", String(page));
  return `<${next.pathname}${next.search}>; rel="next"`;
}

function conditionsOf(params: URLSearchParams): TaskCondition[] {
  const at = now();
  return FILTER_NAMES.filter((name) => params.has(name)).map((name) => {
    const filter = TASK_FILTERS[name];
    const given = filter.isList ? textsOf(params, name) : [textOf(params, name)];
    const written = filterValues(filter, given);
    if (written.length > MAX_FILTER_VALUES) {
      throw badParameter(name, `takes at most ${MAX_FILTER_VALUES} values`);
    }
    const values = written.map((value) => filter.normalise(value));
    if (!values.every((value) => value !== null)) {
      throw badParameter(name, `must be ${FILTER_TEXTS[name].accepts}`);
    }
    return filter.condition(values, at);
  });
}

function valueOf<Value>(
  params: URLSearchParams,
  name: keyof typeof TASK_PAGING,
  parameter: PagingParameter<Value>,
): Value {
  if (!params.has(name)) return parameter.default;
  const value = parameter.parse(textOf(params, name));
  if (value === null) throw badParameter(name, `must be ${PAGING_TEXTS[name].accepts}`);
  return value;
}

function textOf(params: URLSearchParams, name: string): string {
  const [text = "", ...others] = textsOf(params, name);
  if (others.length > 0) throw badParameter(name, "may be given only once");
  return text;
}

function textsOf(params: URLSearchParams, name: string): readonly string[] {
  const texts = params.getAll(name);
  if (texts.every((text) => text.length <= MAX_FILTER_LENGTH)) return texts;
  throw badParameter(name, `must be at most ${MAX_FILTER_LENGTH} characters long`);
}

function rejectOthers(params: URLSearchParams, known: readonly string[]): void {
  const other = [...params.keys()].find((name) => !known.includes(name));
  if (other === undefined) return;
  throw new Problem("bad_filter", `There is no parameter "${other.slice(0, 100)}"; use ${known.join(", ")}`);
}

function badParameter(name: string, rule: string): Problem {
  return new Problem("bad_filter", `The parameter "${name}" ${rule}`);
}
