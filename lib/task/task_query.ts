/**
 * Which of a client's tasks somebody wants to see, and in which order. Pure, so that a server which has all tasks and a page
 * which has some of them come to the same end.
 *
 * @module
 */

import type { Task, TaskSummary } from "./task.ts";

/** The fields that tasks can be sorted by. */
export const SORT_FIELDS = [
  "created_at",
  "started_at",
  "updated_at",
  "finished_at",
  "name",
  "state",
  "progress",
] as const;

/** One of {@linkcode SORT_FIELDS}. */
export type SortField = (typeof SORT_FIELDS)[number];

/** The order of a list. */
export interface TaskSort {
  readonly field: SortField;
  readonly descending: boolean;
}

/** A list that somebody asks for. A filter that is `null` lets everything through. */
export interface TaskQuery {
  readonly states: ReadonlySet<string> | null;
  /** The parts of a name between its `*`, in lower case. */
  readonly name: readonly string[] | null;
  /** All of which a task has to have. */
  readonly tags: readonly string[];
  /** What has to be in a task's id, name, status, error or tags; in lower case. */
  readonly text: string | null;
  /** Tasks that had ended before this time, in epoch seconds, are left out. */
  readonly since: number | null;
  /** Tasks that were created after this time, in epoch seconds, are left out. */
  readonly until: number | null;
  readonly sort: TaskSort;
  readonly limit: number;
  readonly page: number;
}

/** A task of a list: its summary, and its record, which may have to be read from disk or fetched. */
export interface ListedTask {
  readonly summary: TaskSummary;
  readonly task: Task;
}

/** Whether a task is one of those that are wanted. */
export function matches(task: Task, query: TaskQuery): boolean {
  return matchesSummary(task, query) && matchesRecord(task, query);
}

/** Whether a task may be one of those that are wanted, as far as its summary can tell. */
export function matchesSummary(task: TaskSummary, query: TaskQuery): boolean {
  const { states, name, since, until } = query;
  if (states !== null && !states.has(task.state)) return false;
  if (since !== null && task.finished_at !== null && task.finished_at < since) return false;
  if (until !== null && task.created_at > until) return false;
  return name === null || matchesGlob(task.name.toLowerCase(), name);
}

/** Whether a summary is all that it takes to say whether a task is wanted. */
export function isDecidedBySummary(task: TaskSummary, { tags, text }: TaskQuery): boolean {
  return tags.length === 0 && (text === null || holds(task.id, text) || holds(task.name, text));
}

/** The part of {@linkcode matches} that a summary can't tell. */
export function matchesRecord(task: Task, { tags, text }: TaskQuery): boolean {
  if (!tags.every((tag) => task.tags.includes(tag))) return false;
  if (text === null) return true;
  return [task.id, task.name, task.status, task.error?.message ?? "", ...task.tags]
    .some((field) => holds(field, text));
}

/** Like {@linkcode matches}, but accesses the record only if the summary cannot decide. */
export function matchesListed(listed: ListedTask, query: TaskQuery): boolean {
  return matchesSummary(listed.summary, query) &&
    (isDecidedBySummary(listed.summary, query) || matchesRecord(listed.task, query));
}

/**
 * Which of two tasks comes first. Unknown values come first, as if they were lower than every known one.
 *
 * @returns less than 0 where the left one does, more than 0 where the right one does, and 0 where they are of one rank
 */
export function compare(left: TaskSummary, right: TaskSummary, { field, descending }: TaskSort): number {
  const ascending = compareValues(left[field], right[field]);
  return descending ? -ascending : ascending;
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function holds(field: string, text: string): boolean {
  return field.toLowerCase().includes(text);
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
