/**
 * The filters of a list of tasks: from a query string to the tasks of one page.
 *
 * @module
 */

import { z } from "zod";
import { isTaskState } from "../protocol.ts";
import type { StoredTask } from "../store/store.ts";
import type { Task } from "../task.ts";
import { Problem } from "./problem.ts";

const SORT_FIELDS = [
  "created_at",
  "started_at",
  "updated_at",
  "finished_at",
  "name",
  "state",
  "progress",
] as const;
/** Tasks on one page at most. */
export const MAX_LIMIT = 1_000;

const text = z.string().max(200);
const list = z.array(text).transform((values) => values.flatMap((value) => value.split(",")));
const one = z.array(text).max(1, "may be given once").transform((values) => values[0]);

/** What a query string may hold: each parameter with all its values. */
const QUERY = z.strictObject({
  state: list.transform((states) => states.map((state) => state.toUpperCase()))
    .refine((states) => states.every(isTaskState), "must name states, such as ERROR,FINISHED").optional(),
  name: one.optional(),
  tag: list.optional(),
  q: one.optional(),
  sort: one.refine(
    (sort) => sort === undefined || SORT_FIELDS.some((field) => sort === field || sort === `-${field}`),
    `must be one of ${SORT_FIELDS.join(", ")}, with "-" in front for descending`,
  ).optional(),
  limit: wholeNumber(MAX_LIMIT).optional(),
  page: wholeNumber(1_000_000).optional(),
});

/** A list that somebody asks for. */
export interface TaskQuery {
  readonly states: ReadonlySet<string> | null;
  /** The parts of a name between its `*`. */
  readonly name: readonly string[] | null;
  readonly tags: readonly string[];
  readonly text: string | null;
  readonly sort: { readonly field: (typeof SORT_FIELDS)[number]; readonly descending: boolean };
  readonly limit: number;
  readonly page: number;
}

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
  const { state, name, tag, q, sort = "-created_at", limit = 100, page = 1 } = parsed.data;
  return {
    states: state === undefined ? null : new Set(state),
    name: name === undefined ? null : name.toLowerCase().split("*"),
    tags: tag ?? [],
    text: q === undefined || q === "" ? null : q.toLowerCase(),
    sort: {
      field: sort.replace("-", "") as TaskQuery["sort"]["field"],
      descending: sort.startsWith("-"),
    },
    limit,
    page,
  };
}

/**
 * Picks the tasks that a query asks for.
 *
 * @param tasks all tasks of a client
 * @param query which ones, in which order
 * @returns one page of them
 */
export function selectTasks(tasks: Iterable<StoredTask>, query: TaskQuery): TaskPage {
  // Read once each: the record of a stored task may come from disk.
  const matching = Array.from(tasks, (stored) => ({ stored, task: stored.task }))
    .filter(({ task }) => matches(task, query));
  const { field, descending } = query.sort;
  const direction = descending ? -1 : 1;
  // Those of the same rank stay in the order of their creation, so that no task is on two pages.
  const ranked = (descending ? matching.reverse() : matching).sort((a, b) =>
    direction * compare(a.task[field], b.task[field])
  );
  const first = (query.page - 1) * query.limit;
  const hasMore = first + query.limit < ranked.length;
  return {
    tasks: ranked.slice(first, first + query.limit).map(({ stored }) => stored),
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

function matches(task: Task, query: TaskQuery): boolean {
  if (query.states !== null && !query.states.has(task.state)) return false;
  if (query.name !== null && !matchesGlob(task.name.toLowerCase(), query.name)) return false;
  if (!query.tags.every((tag) => task.tags.includes(tag))) return false;
  const { text } = query;
  if (text === null) return true;
  return [task.id, task.name, task.status, task.error?.message ?? "", ...task.tags]
    .some((field) => field.toLowerCase().includes(text));
}

/** Unknown values come first, as if they were lower than every known one. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/**
 * Whether a text is made of parts with anything between them. By hand, as a regular expression of many stars takes
 * for ever on some texts.
 */
function matchesGlob(text: string, parts: readonly string[]): boolean {
  const [first = "", ...others] = parts;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) {
    return false;
  }
  let position = first.length;
  for (const part of others) {
    const found = text.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return position <= text.length - last.length;
}

function wholeNumber(most: number) {
  return one.transform((value) => Number(value))
    .refine((value) => Number.isSafeInteger(value) && value >= 1 && value <= most, `must be 1 to ${most}`);
}

function badFilter(issue: z.core.$ZodIssue | undefined): Problem {
  const known = Object.keys(QUERY.shape).join(", ");
  if (issue?.code === "unrecognized_keys") {
    return new Problem(400, "bad_filter", `There is no filter "${issue.keys[0]}"; there are ${known}`);
  }
  return new Problem(400, "bad_filter", `The filter "${String(issue?.path[0])}" ${issue?.message}`);
}
