/**
 * What somebody wants to see of a list, as its address says it: from a query string and back. Pure.
 *
 * @module
 */

import { formatCount } from "../../lib/text/format.ts";
import { isTaskState } from "../../lib/task/grammar.ts";
import { SORT_FIELDS } from "../../lib/task/task_query.ts";
import { timeFrom } from "../../lib/task/time_filter.ts";

/** A list that somebody wants to see. Texts are as they were written; empty ones filter nothing. */
export interface ListQuery {
  /** Searched for in ids, names, status texts, errors and tags. */
  readonly q: string;
  /** Empty for all. */
  readonly states: readonly string[];
  /** A name, `*` for anything. */
  readonly name: string;
  /** All of which a task has to have. */
  readonly tags: readonly string[];
  readonly since: string;
  readonly until: string;
  /** A field, `-` in front for descending; empty for the usual order. */
  readonly sort: string;
  /** By what tasks are grouped. */
  readonly group: "" | "name";
  /** `split` keeps those that have not ended apart from those that have. */
  readonly view: "split" | "all";
}

/** Everything, in the usual order. */
export const EVERYTHING: ListQuery = {
  q: "",
  states: [],
  name: "",
  tags: [],
  since: "",
  until: "",
  sort: "",
  group: "",
  view: "split",
};

/** A query string as it was understood. */
export interface ReadQuery {
  readonly query: ListQuery;
  /** From 1. */
  readonly page: number;
  /** What was not understood, and is left out, in sentences. */
  readonly problems: readonly string[];
}

/** How much of a text is searched for. */
const MOST_CHARACTERS = 200;
const TIME_WORDS = "a time such as 1h, 7d or 2026-11-24T14:00:00Z";

/**
 * Reads a query string. What can't be understood is left out, and said.
 *
 * @param params the query string
 * @returns what is wanted
 */
export function readListQuery(params: URLSearchParams): ReadQuery {
  const problems: string[] = [];
  const one = (name: string) => (params.get(name) ?? "").trim().slice(0, MOST_CHARACTERS);
  const many = (name: string) =>
    params.getAll(name).flatMap((value) => value.split(",")).map((value) => value.trim())
      .filter((value, index, all) => value !== "" && all.indexOf(value) === index);

  /** Says that a value is none, and gives back what stands for none. */
  function refuse(name: string, wanted: string, received: string): "" {
    const shown = JSON.stringify(received.slice(0, 64));
    problems.push(`The filter “${name}” is left out: it wants ${wanted}, and ${shown} is none.`);
    return "";
  }

  function checked(name: string, wanted: string, isGood: (value: string) => boolean): string {
    const value = one(name);
    return value === "" || isGood(value) ? value : refuse(name, wanted, value);
  }

  const isTime = (value: string) => timeFrom(value, 0) !== null;
  const states = many("state").map((state) => state.toUpperCase()).filter((state) =>
    isTaskState(state) || refuse("state", "states such as ERROR,FINISHED", state)
  );
  const query: ListQuery = {
    q: one("q"),
    states,
    name: one("name"),
    tags: many("tag").map((tag) => tag.slice(0, MOST_CHARACTERS)),
    since: checked("since", TIME_WORDS, isTime),
    until: checked("until", TIME_WORDS, isTime),
    sort: checked(
      "sort",
      `one of ${SORT_FIELDS.join(", ")}`,
      (value) => (SORT_FIELDS as readonly string[]).includes(value.replace("-", "")),
    ),
    group: checked("group", "name", (value) => value === "name") as ListQuery["group"],
    view: checked("view", "split or all", (value) => value === "split" || value === "all") === "all"
      ? "all"
      : "split",
  };
  const page = checked("page", "a number from 1 on", (value) => /^[1-9]\d{0,8}$/.test(value));
  return { query, page: Number(page) || 1, problems };
}

/** Writes a query as the end of an address, what is usual left out: `?q=backup&state=ERROR`, or nothing. */
export function listSearch(query: ListQuery, page = 1): string {
  const params = new URLSearchParams();
  const add = (name: string, value: string) => value !== "" && params.set(name, value);
  add("q", query.q);
  add("state", query.states.join());
  add("name", query.name);
  add("tag", query.tags.join());
  add("since", query.since);
  add("until", query.until);
  add("sort", query.sort);
  add("group", query.group);
  if (query.view === "all") params.set("view", "all");
  if (page > 1) params.set("page", String(page));
  // Commas and colons may stand in a query as they are, and read better so.
  const text = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

/** Whether a query leaves any task out. */
export function isFiltered({ q, states, name, tags, since, until }: ListQuery): boolean {
  return states.length + tags.length > 0 || q + name + since + until !== "";
}

/** Whether two queries ask for the same. */
export function isSameQuery(left: ListQuery, right: ListQuery): boolean {
  return listSearch(left) === listSearch(right);
}

/** Says how many tasks a list has. */
export function sayMatches(sections: ReadonlyMap<string, number>): string {
  const total = totalOf(sections);
  return total === 0
    ? "No task matches."
    : total === 1
    ? "1 task matches."
    : `${formatCount(total)} tasks match.`;
}

/** How many tasks stand below all headings. */
export function totalOf(sections: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of sections.values()) total += count;
  return total;
}
