/**
 * Reads the query string of the list page leniently, and writes it.
 *
 * @module
 */

import { FILTER_TEXTS, PAGING_TEXTS } from "../../lib/task/query_texts.ts";
import {
  FILTER_NAMES,
  type FilterName,
  filterValues,
  MAX_FILTER_LENGTH,
  MAX_FILTER_VALUES,
  TASK_FILTERS,
  TASK_PAGING,
} from "../../lib/task/task_query.ts";
import { formatCount } from "../../lib/text/format.ts";

/**
 * The text of every filter: empty if the filter is not set; values separated by commas if the filter is a
 * list.
 */
export type FilterTexts = Readonly<Record<FilterName, string>>;

/** The filters, the order and the view of a list, without the number of the page. */
export interface ListQuery extends FilterTexts {
  /** The field to sort by, with `-` in front for descending order; empty for the default order. */
  readonly sort: string;
  /** The field to group tasks by; empty to not group them. */
  readonly group: "" | "name";
  /** Whether active and ended tasks are listed under separate headings (`split`) or together (`all`). */
  readonly view: "split" | "all";
}

const NO_FILTERS = Object.fromEntries(FILTER_NAMES.map((name) => [name, ""])) as FilterTexts;

/** The query for all tasks in the default order. */
export const EVERYTHING: ListQuery = { ...NO_FILTERS, sort: "", group: "", view: "split" };

/** The result of reading a query string. */
export interface ReadQuery {
  readonly query: ListQuery;
  /** The number of the page, from 1. */
  readonly page: number;
  /** One sentence for each invalid value, which was ignored. */
  readonly problems: readonly string[];
}

/**
 * Reads a query string. Ignores unknown parameters and invalid values; `problems` names the invalid values.
 *
 * @param params the parameters of the query string
 * @returns the query, the number of the page, and the problems
 */
export function readListQuery(params: URLSearchParams): ReadQuery {
  const problems: string[] = [];
  const trimmed = (text: string) => text.trim().slice(0, MAX_FILTER_LENGTH);

  function ignore(kind: "filter" | "parameter", name: string, accepts: string, received: string): "" {
    const shown = JSON.stringify(received.slice(0, 64));
    problems.push(`The ${kind} “${name}” is ignored: it must be ${accepts}, not ${shown}.`);
    return "";
  }

  function filterText(name: FilterName): string {
    const filter = TASK_FILTERS[name];
    const given = filter.isList ? params.getAll(name) : [params.get(name) ?? ""];
    const written = filterValues(filter, given).map(trimmed).filter((value) => value !== "");
    if (written.length > MAX_FILTER_VALUES) {
      problems.push(
        `The filter “${name}” has more than ${MAX_FILTER_VALUES} values; the others are ignored.`,
      );
    }
    const values = written.slice(0, MAX_FILTER_VALUES).map((value) =>
      filter.normalise(value) ?? ignore("filter", name, FILTER_TEXTS[name].accepts, value)
    );
    return [...new Set(values)].filter((value) => value !== "").join();
  }

  function checked(name: string, accepts: string, isValid: (value: string) => boolean): string {
    const value = trimmed(params.get(name) ?? "");
    return value === "" || isValid(value) ? value : ignore("parameter", name, accepts, value);
  }

  const { sort } = TASK_PAGING;
  const filters = Object.fromEntries(FILTER_NAMES.map((name) => [name, filterText(name)])) as FilterTexts;
  const query: ListQuery = {
    ...filters,
    sort: checked("sort", PAGING_TEXTS.sort.accepts, (value) => sort.parse(value) !== null),
    group: checked("group", "name", (value) => value === "name") as ListQuery["group"],
    view: checked("view", "split or all", (value) => value === "split" || value === "all") === "all"
      ? "all"
      : "split",
  };
  const page = checked("page", "a number from 1", (value) => /^[1-9]\d{0,8}$/.test(value));
  return { query, page: Number(page) || 1, problems };
}

/**
 * Writes a query as a query string without default values, such as `?q=backup&state=ERROR`; empty if all
 * values are defaults.
 */
export function listSearch(query: ListQuery, page = 1): string {
  const params = new URLSearchParams();
  for (const name of [...FILTER_NAMES, "sort", "group"] as const) {
    if (query[name] !== "") params.set(name, query[name]);
  }
  if (query.view === "all") params.set("view", "all");
  if (page > 1) params.set("page", String(page));
  // Commas and colons are legal in a query string, and the URL is easier to read if they are not encoded.
  const text = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

/** Writes the query string of a query with one more tag. */
export function tagSearch(query: ListQuery, tag: string): string {
  const others = filterValues(TASK_FILTERS.tag, [query.tag]).filter((each) => each !== "" && each !== tag);
  return listSearch({ ...query, tag: [...others, tag].join() });
}

/** Returns whether a query sets any filter. */
export function isFiltered(query: ListQuery): boolean {
  return FILTER_NAMES.some((name) => query[name] !== "");
}

/** Returns a query without any filters, but with the same order and view. */
export function withoutFilters(query: ListQuery): ListQuery {
  return { ...query, ...NO_FILTERS };
}

/** Returns whether two queries select the same list. */
export function isSameQuery(left: ListQuery, right: ListQuery): boolean {
  return listSearch(left) === listSearch(right);
}

/** States how many tasks match, as in "3 tasks match." */
export function sayMatches(sections: ReadonlyMap<string, number>): string {
  const total = totalOf(sections);
  return total === 0
    ? "No task matches."
    : total === 1
    ? "1 task matches."
    : `${formatCount(total)} tasks match.`;
}

/** Counts the tasks in all sections of a list. */
export function totalOf(sections: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of sections.values()) total += count;
  return total;
}
