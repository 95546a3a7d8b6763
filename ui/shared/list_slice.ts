/**
 * Selects the part of a list that a page shows.
 *
 * @module
 */

import { andThen, type MaybePromise } from "../../lib/task/maybe_promise.ts";
import type { TaskSource } from "../../lib/page_renderer.ts";
import type { Task } from "../../lib/task/task.ts";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import { type ListedTask, matchingTasks, type Summarised } from "../../lib/task/apply_query.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { type Attention, attentionOf, type Candidates, candidatesOf } from "./attention.ts";
import { EVERYTHING, type ListQuery } from "./list_query.ts";
import { type ListRules, listRules } from "./list_rules.ts";
import { type Nested, Nesting, nests, parentsOf } from "./nesting.ts";

/** A section of a list or a state, with the number of its tasks on all pages of the list. */
export interface ListSection {
  /** The key of the section, from `ListRules.sectionOf()`, or the name of the state. */
  readonly key: string;
  readonly total: number;
}

/**
 * A part of a list of tasks, with the totals of the whole list. Subtasks that are listed below their parents are in
 * `subtasks`, and count only in `states`, `activeTotal` and `endedTotal`.
 */
export interface TaskSlice extends Nested {
  readonly query: ListQuery;
  /** The tasks of this part, in the order of the list. */
  readonly tasks: readonly Task[];
  /** All sections of the list, in no particular order. */
  readonly sections: readonly ListSection[];
  /** The number of tasks in each state, by the state's name, whichever states the query selects. */
  readonly states: readonly ListSection[];
  /** The tasks of the client that need attention, including tasks that the filters exclude. */
  readonly attention: Attention;
  /** The number of tasks in the list before this part. */
  readonly from: number;
  /** The number of tasks in the whole list, which match its filters. */
  readonly matching: number;
  /** The number of the client's active tasks, including tasks that the filters exclude. */
  readonly activeTotal: number;
  /** The number of the client's ended tasks, including tasks that the filters exclude. */
  readonly endedTotal: number;
  /** The number of the page that this part is, from 1. */
  readonly page: number;
  /** The number of pages that the list has, at least 1. */
  readonly pages: number;
}

/** The offset and the length of a part of a list. */
export interface SliceBounds {
  /** The number of tasks before the part. */
  readonly from: number;
  /** The maximum number of tasks in the part. */
  readonly limit: number;
  /** Whether to leave out the records of the tasks, so that the part only has totals. */
  readonly isBrief?: boolean;
  /** The ids of tasks that are described as parents, too, if they exist. */
  readonly parents?: readonly string[];
}

/** The maximum number of parents in one request. */
export const MAX_ASKED = 100;
/** The maximum number of tasks on a page. */
export const TASKS_PER_PAGE = DEFAULT_PAGE_SIZE;

/** A part of a list whose tasks are selected, but whose records have not been read. */
interface SlicePlan<Listed> extends Omit<TaskSlice, "tasks" | "subtasks" | "attention"> {
  readonly tasks: readonly Listed[];
  readonly subtasks: readonly Listed[];
  readonly candidates: Candidates<Listed>;
}

/**
 * Selects a part of the list of a client's tasks.
 *
 * @param source all tasks of the client, oldest first; only the records that the part needs are read
 * @param query the filters, the order and the view of the list
 * @param now the current time in epoch seconds, to which ages such as `1h` are relative
 * @param bounds the offset and the length of the part, or the number of a page, which is clamped to the
 * existing pages
 * @returns the selected part
 */
export function readSlice<Listed extends Summarised>(
  { tasks, read }: TaskSource<Listed>,
  query: ListQuery,
  now: number,
  bounds: SliceBounds | number,
): MaybePromise<TaskSlice> {
  const all = [...tasks];
  const rules = listRules(query, now);
  return andThen(matchingTasks(all, rules.conditions, read), (matching) => {
    const plan = planSlice(all, matching, { query, rules, now, bounds });
    const wanted = new Set([...plan.tasks, ...plan.subtasks, ...plan.candidates.tasks]);
    return andThen(read([...wanted]), (records) => filled(plan, records, now));
  });
}

/**
 * Selects a part of the list of a client's tasks like {@linkcode readSlice}, from records that are in memory.
 *
 * @param tasks all tasks of the client, oldest first
 * @param query the filters, the order and the view of the list
 * @param now the current time in epoch seconds, to which ages such as `1h` are relative
 * @param bounds the offset and the length of the part, or the number of a page
 * @returns the selected part
 */
export function sliceOf(
  tasks: Iterable<ListedTask>,
  query: ListQuery,
  now: number,
  bounds: SliceBounds | number,
): TaskSlice {
  const all = [...tasks];
  const rules = listRules(query, now);
  const plan = planSlice(all, all.filter(({ task }) => rules.matchesInAnyState(task)), {
    query,
    rules,
    now,
    bounds,
  });
  return filled(plan, all, now);
}

function planSlice<Listed extends Summarised>(
  all: readonly Listed[],
  matching: readonly Listed[],
  { query, rules, now, bounds }: {
    readonly query: ListQuery;
    readonly rules: ListRules;
    readonly now: number;
    readonly bounds: SliceBounds | number;
  },
): SlicePlan<Listed> {
  const nesting = nests(query) ? new Nesting(all) : null;
  const wanted: Listed[] = [];
  const totals = new Map<string, number>(headings(query).map((key) => [key, 0]));
  const states = new Map<string, number>();
  const endedTotal = all.filter(({ summary }) => hasEnded(summary)).length;
  for (const listed of matching) {
    add(states, listed.summary.state);
    if (!rules.hasState(listed.summary) || nesting?.isNested(listed.summary)) continue;
    wanted.push(listed);
    add(totals, rules.sectionOf(listed.summary));
  }
  wanted.sort((left, right) => rules.compare(left.summary, right.summary));
  const pages = Math.max(1, Math.ceil(wanted.length / TASKS_PER_PAGE));
  const { from, limit, isBrief = false, parents: asked = [] } = typeof bounds === "number"
    ? pageBounds(bounds, pages)
    : bounds;
  const part = wanted.slice(from, from + limit);
  const nested = nesting?.below(part, asked) ?? { subtasks: [], parents: parentsOf(part, all, asked) };
  return {
    query,
    tasks: isBrief ? [] : part,
    subtasks: isBrief ? [] : nested.subtasks,
    parents: nested.parents,
    sections: sectionsOf(totals),
    states: sectionsOf(states),
    candidates: candidatesOf(all, now),
    from,
    matching: wanted.length,
    activeTotal: all.length - endedTotal,
    endedTotal,
    page: Math.floor(from / TASKS_PER_PAGE) + 1,
    pages,
  };
}

/** Adds records to a selected part. Tasks that have no record any more are left out. */
function filled<Listed extends Summarised>(
  { tasks, subtasks, candidates, ...plan }: SlicePlan<Listed>,
  records: readonly { readonly task: Task }[],
  now: number,
): TaskSlice {
  const byId = new Map(records.map(({ task }) => [task.id, task]));
  const recordsOf = (some: readonly Listed[]) =>
    some.map(({ summary }) => byId.get(summary.id)).filter((task) => task !== undefined);
  return {
    ...plan,
    tasks: recordsOf(tasks),
    subtasks: recordsOf(subtasks),
    attention: attentionOf(recordsOf(candidates.tasks), candidates.limits, now),
  };
}

function add(totals: Map<string, number>, key: string): void {
  totals.set(key, (totals.get(key) ?? 0) + 1);
}

function sectionsOf(totals: ReadonlyMap<string, number>): ListSection[] {
  return Array.from(totals, ([key, total]) => ({ key, total }));
}

/**
 * Selects one page of the unfiltered list of a client's tasks.
 *
 * @param tasks all tasks of the client, in any order
 * @param page the number of the page, from 1
 * @returns the selected page
 */
export function pageOfTasks(tasks: Iterable<Task>, page: number): TaskSlice {
  return sliceOf(listedTasks(tasks), EVERYTHING, 0, page);
}

/** Converts task records to the form that {@linkcode sliceOf} expects. */
export function listedTasks(tasks: Iterable<Task>): ListedTask[] {
  return Array.from(tasks, (task) => ({ summary: task, task }));
}

/** Returns the keys of the sections whose headings every page shows, even if the sections are empty. */
export function headings(query: ListQuery): readonly string[] {
  if (query.group !== "") return [];
  return query.view === "all" ? ["all"] : ["active", "ended"];
}

/**
 * Reads the offset and the length of a part of a list from the parameters `from` and `limit`. If `brief` is set, the
 * part only has totals; each `parent` is the id of a task to describe as a parent.
 *
 * @throws {RangeError} if one of the two parameters is invalid
 */
export function readBounds(params: URLSearchParams): SliceBounds {
  const [from, limit] = [Number(params.get("from")), Number(params.get("limit"))];
  const isGood = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (isGood(from, 1e9) && isGood(limit, MAX_PAGE_SIZE)) {
    return {
      from,
      limit,
      isBrief: params.has("brief"),
      parents: params.getAll("parent").slice(0, MAX_ASKED),
    };
  }
  throw new RangeError(
    `Cannot read the part of the list: "from" and "limit" must be whole numbers, "limit" at most ${MAX_PAGE_SIZE}, ` +
      `received "${params.toString().slice(0, 100)}"`,
  );
}

function pageBounds(page: number, pages: number): SliceBounds {
  const wanted = Number.isFinite(page) ? Math.min(pages, Math.max(1, Math.trunc(page))) : 1;
  return { from: (wanted - 1) * TASKS_PER_PAGE, limit: TASKS_PER_PAGE };
}
