/**
 * The filters of a list of tasks: from a query string to the tasks of one page.
 *
 * @module
 */

import { z } from "zod";
import { isTaskState } from "../../task/grammar.ts";
import { now } from "../../clock.ts";
import type { StoredTask } from "../../store/store.ts";
import {
  compare,
  matchesListed,
  SORT_FIELDS,
  type SortField,
  type TaskQuery,
} from "../../task/task_query.ts";
import { timeFrom } from "../../task/time_filter.ts";
import { Problem } from "../problem.ts";

/** Tasks on one page at most. */
export const MAX_LIMIT = 1_000;

const text = z.string().max(200);
const list = z.array(text).transform((values) => values.flatMap((value) => value.split(",")));
const one = z.array(text).max(1, "may be given once").transform((values) => values[0]);
/** A form sends a field that nobody filled in as an empty text. */
const time = one.transform((value) => value ? timeFrom(value, now()) ?? NaN : null)
  .refine((at) => !Number.isNaN(at), "must be a time, such as 1h, 7d or 2026-11-24T14:00:00Z");

/** What a query string may hold: each parameter with all its values. */
const QUERY = z.strictObject({
  state: list.transform((states) => states.map((state) => state.toUpperCase()))
    .refine((states) => states.every(isTaskState), "must name states, such as ERROR,FINISHED").optional(),
  name: one.optional(),
  tag: list.optional(),
  q: one.optional(),
  since: time.optional(),
  until: time.optional(),
  sort: one.refine(
    (sort) => sort === undefined || SORT_FIELDS.some((field) => sort === field || sort === `-${field}`),
    `must be one of ${SORT_FIELDS.join(", ")}, with "-" in front for descending`,
  ).optional(),
  limit: wholeNumber(MAX_LIMIT).optional(),
  page: wholeNumber(1_000_000).optional(),
});

/** What each parameter is for. */
export const LIST_PARAMETERS: Readonly<Record<keyof typeof QUERY.shape, string>> = {
  state: "states, such as ERROR,FINISHED",
  name: "a name; * stands for anything",
  tag: "tags, all of which a task has to have",
  q: "what has to be in the id, name, status, error or tags",
  since: "leave out what had ended before: 1h, 7d, or a time such as 2026-11-24T14:00:00Z",
  until: "leave out what was created after",
  sort: `one of ${SORT_FIELDS.join(", ")}, with - in front for descending`,
  limit: `tasks on a page, up to ${MAX_LIMIT}`,
  page: "the number of the page, from 1",
};

/** One page of a list. */
export interface TaskPage {
  readonly tasks: readonly StoredTask[];
  /** How many tasks there are on all pages. */
  readonly total: number;
  /** The number of the next page; `null` on the last one. */
  readonly nextPage: number | null;
}

/**
 * Reads the filters of a list.
 *
 * @param params the query string
 * @returns the query
 * @throws {Problem} 400 that names the parameter
 */
export function parseTaskQuery(params: URLSearchParams): TaskQuery {
  const given = new Map<string, string[]>();
  for (const [name, value] of params) given.set(name, [...given.get(name) ?? [], value]);
  const parsed = QUERY.safeParse(Object.fromEntries(given));
  if (!parsed.success) throw badFilter(parsed.error.issues[0]);
  const { state, name, tag, q, since = null, until = null, sort = "-created_at", limit = 100, page = 1 } =
    parsed.data;
  return {
    states: state === undefined ? null : new Set(state),
    name: name === undefined ? null : name.toLowerCase().split("*"),
    tags: tag ?? [],
    text: q === undefined || q === "" ? null : q.toLowerCase(),
    since,
    until,
    sort: {
      field: sort.replace("-", "") as SortField,
      descending: sort.startsWith("-"),
    },
    limit,
    page,
  };
}

/** The filters of names. */
const NAME_FILTERS: readonly string[] = ["name", "since", "until"];

/**
 * Reads the filters of a list of names.
 *
 * @param params the query string
 * @returns a query of tasks, whose summaries tell whether they match
 * @throws {Problem} 400 that names the parameter
 */
export function parseNameQuery(params: URLSearchParams): TaskQuery {
  const other = [...params.keys()].find((name) => !NAME_FILTERS.includes(name));
  if (other !== undefined) throw unknownFilter(other, NAME_FILTERS);
  return parseTaskQuery(params);
}

/**
 * Picks the tasks that a query asks for.
 *
 * @param tasks all tasks of a client
 * @param query which ones, in which order
 * @returns one page of them
 */
export function selectTasks(tasks: Iterable<StoredTask>, query: TaskQuery): TaskPage {
  const matching: StoredTask[] = [];
  for (const stored of tasks) {
    if (matchesListed(stored, query)) matching.push(stored);
  }
  // Those of the same rank stay in the order of their creation, so that no task is on two pages.
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

/** The header `Link` of a page that is not the last one. */
export function linkToPage(url: string, page: number): string {
  const next = new URL(url);
  next.searchParams.set("page", String(page));
  return `<${next.pathname}${next.search}>; rel="next"`;
}

function wholeNumber(most: number) {
  return one.transform((value) => Number(value))
    .refine((value) => Number.isSafeInteger(value) && value >= 1 && value <= most, `must be 1 to ${most}`);
}

function badFilter(issue: z.core.$ZodIssue | undefined): Problem {
  if (issue?.code === "unrecognized_keys") {
    return unknownFilter(issue.keys[0] ?? "", Object.keys(QUERY.shape));
  }
  return new Problem(400, "bad_filter", `The filter "${String(issue?.path[0])}" ${issue?.message}`);
}

function unknownFilter(name: string, known: readonly string[]): Problem {
  return new Problem(400, "bad_filter", `There is no filter "${name}"; there are ${known.join(", ")}`);
}
