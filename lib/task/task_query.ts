/**
 * Defines the filters, order and pages of a list of tasks in one table. REST rejects invalid values; the page
 * ignores them.
 *
 * @module
 */

import type { RunSummary } from "./run_summary.ts";
import { isTaskState, type Task } from "./task.ts";
import { timeFrom } from "./time_filter.ts";

/** The fields that tasks can be sorted by. */
export const SORT_FIELDS = [
  "created_at",
  "started_at",
  "updated_at",
  "finished_at",
  "name",
  "state",
  "progress",
  "duration",
] as const;

/** The field that a list is sorted by, one of {@linkcode SORT_FIELDS}. */
export type SortField = (typeof SORT_FIELDS)[number];

/** The order of a list. */
export interface TaskSort {
  readonly field: SortField;
  readonly descending: boolean;
}

/** A condition on tasks. */
export interface TaskCondition {
  /**
   * Returns whether a summary meets the condition; `undefined` if the summary does not suffice to
   * decide.
   */
  readonly onSummary: (task: RunSummary) => boolean | undefined;
  /** Returns whether the name of a task meets the condition; absent if the condition also depends on other fields. */
  readonly onName?: (name: string) => boolean;
  /** Returns whether a task's record meets the condition. */
  readonly onRecord: (task: Task) => boolean;
}

/** A filter: a parameter of the query string that sets a condition on the listed tasks. */
export interface TaskFilter {
  /** Whether the filter takes several values, separated by commas or in repeated parameters. */
  readonly isList?: boolean;
  /** Whether lists of task names have the filter, too. If so, summaries must suffice to check its condition. */
  readonly isForNames?: boolean;
  /** Returns a value in its usual spelling, or `null` if it is invalid. */
  readonly normalise: (value: string) => string | null;
  /**
   * Creates the condition of the filter.
   *
   * @param values the normalised values: exactly one, unless the filter `isList`
   * @param now the time that ages such as `1h` are relative to, in epoch seconds
   */
  readonly condition: (values: readonly string[], now: number) => TaskCondition;
}

/** The maximum length of a filter's value, in characters. */
export const MAX_FILTER_LENGTH = 200;

/** The maximum number of values of a filter that takes several. */
export const MAX_FILTER_VALUES = 100;

/** The number of tasks on one page of a list, unless the request sets a limit. */
export const DEFAULT_PAGE_SIZE = 100;

/** The maximum number of tasks that one request can list, or change in bulk. */
export const MAX_PAGE_SIZE = 1_000;

/** The highest number of a page. */
export const MAX_PAGE = 1_000_000;

const FILTERS = {
  q: {
    normalise: (value) => value,
    condition: ([text = ""]) => {
      const wanted = text.toLowerCase();
      const isIn = (field: string) => field.toLowerCase().includes(wanted);
      return {
        onSummary: (task) => isIn(task.id) || isIn(task.name) || undefined,
        onRecord: (task) =>
          [task.id, task.name, task.status, task.error?.message ?? "", ...task.tags].some(isIn),
      };
    },
  },
  state: {
    isList: true,
    normalise: (value) => isTaskState(value.toUpperCase()) ? value.toUpperCase() : null,
    condition: (values) => {
      const states: ReadonlySet<string> = new Set(values);
      return ofSummary((task) => states.has(task.state));
    },
  },
  name: {
    isForNames: true,
    normalise: (value) => value,
    condition: ([name = ""]) => {
      const parts = name.toLowerCase().split("*");
      const onName = (name: string) => matchesGlob(name.toLowerCase(), parts);
      return { ...ofSummary(({ name }) => onName(name)), onName };
    },
  },
  tag: {
    isList: true,
    normalise: (value) => value,
    condition: (tags) => ({
      onSummary: () => undefined,
      onRecord: (task) => tags.every((tag) => task.tags.includes(tag)),
    }),
  },
  since: {
    isForNames: true,
    normalise: normaliseTime,
    condition: ([text = ""], now) => {
      const since = timeFrom(text, now) ?? -Infinity;
      return ofSummary((task) => task.finished_at === null || task.finished_at >= since);
    },
  },
  until: {
    isForNames: true,
    normalise: normaliseTime,
    condition: ([text = ""], now) => {
      const until = timeFrom(text, now) ?? Infinity;
      return ofSummary((task) => task.created_at <= until);
    },
  },
} as const satisfies Readonly<Record<string, TaskFilter>>;

/** The name of a filter in query strings. */
export type FilterName = keyof typeof FILTERS;

/** All filters of a list of tasks, by their names in query strings. To add a filter, add an entry, and its texts. */
export const TASK_FILTERS: Readonly<Record<FilterName, TaskFilter>> = FILTERS;

/** The names of all filters. */
export const FILTER_NAMES: readonly FilterName[] = Object.keys(TASK_FILTERS) as FilterName[];

/** A parameter of the query string that does not filter: the order, or a page. */
export interface PagingParameter<Value> {
  /** The value if the parameter is absent. */
  readonly default: Value;
  /** Returns the value, or `null` if it is invalid. */
  readonly parse: (text: string) => Value | null;
}

/** The parameters for the order of a list, the size of its pages and the requested page. */
export const TASK_PAGING: {
  readonly sort: PagingParameter<TaskSort>;
  readonly limit: PagingParameter<number>;
  readonly page: PagingParameter<number>;
} = {
  sort: {
    default: { field: "created_at", descending: true },
    parse: (text) => {
      const field = SORT_FIELDS.find((each) => each === text.replace(/^-/, ""));
      return field === undefined ? null : { field, descending: text.startsWith("-") };
    },
  },
  limit: wholeNumber(DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  page: wholeNumber(1, MAX_PAGE),
};

/**
 * The query of a request for a list: the conditions that tasks must meet, their order, and the requested
 * page.
 */
export interface TaskQuery {
  readonly conditions: readonly TaskCondition[];
  readonly sort: TaskSort;
  readonly limit: number;
  /** The number of the page, counted from 1. */
  readonly page: number;
}

/**
 * Splits the values of a query parameter into the values of a filter, without duplicates.
 *
 * @param filter the filter
 * @param given the values of the parameter
 * @returns the values, at most one more than {@linkcode MAX_FILTER_VALUES}, so that the caller can detect that there
 * are too many
 */
export function filterValues({ isList }: TaskFilter, given: readonly string[]): readonly string[] {
  if (!isList) return given;
  const values = new Set<string>();
  for (const text of given) {
    for (let start = 0; start <= text.length && values.size <= MAX_FILTER_VALUES;) {
      const comma = text.indexOf(",", start);
      const end = comma === -1 ? text.length : comma;
      values.add(text.slice(start, end));
      start = end + 1;
    }
  }
  return [...values];
}

function ofSummary(test: (task: RunSummary) => boolean): TaskCondition {
  return { onSummary: test, onRecord: test };
}

/**
 * Normalises the value of a time filter. An empty text, which a form sends for an empty field, is valid and
 * has no effect.
 */
function normaliseTime(value: string): string | null {
  return value === "" || timeFrom(value, 0) !== null ? value : null;
}

function wholeNumber(usual: number, most: number): PagingParameter<number> {
  return {
    default: usual,
    parse: (text) => {
      const value = Number(text);
      return Number.isSafeInteger(value) && value >= 1 && value <= most ? value : null;
    },
  };
}

/**
 * Returns whether a text consists of the given parts, with any characters between them. No regular expression
 * is used, because one with many stars backtracks for minutes on some texts.
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
