/**
 * Applies a list query to tasks: selects the tasks that meet its conditions, and compares tasks by its order.
 *
 * @module
 */

import { andThen, type MaybePromise } from "./maybe_promise.ts";
import type { RunSummary } from "./run_summary.ts";
import type { Task, TaskSummary } from "./task.ts";
import type { SortField, TaskCondition, TaskSort } from "./task_query.ts";

/** A task in a list, of which at least the summary is in memory. */
export interface Summarised {
  readonly summary: TaskSummary;
}

/** A task in a list with its record, which may have to be read from disk on access. */
export interface ListedTask extends Summarised {
  readonly task: Task;
}

/** Reads the records of tasks in a list; tasks that no longer exist are left out. */
export type ReadRecords<Listed> = (
  tasks: readonly Listed[],
) => MaybePromise<readonly { readonly task: Task }[]>;

/** Returns whether a task meets all conditions. */
export function matches(task: Task, conditions: readonly TaskCondition[]): boolean {
  return conditions.every(({ onRecord }) => onRecord(task));
}

/** Returns whether a task or a past run meets all conditions that can be checked with its summary alone. */
export function matchesSummary(task: RunSummary, conditions: readonly TaskCondition[]): boolean {
  return conditions.every(({ onSummary }) => onSummary(task) !== false);
}

/** Returns whether a task meets all conditions; `undefined` if its summary does not suffice to decide. */
export function decide(summary: TaskSummary, conditions: readonly TaskCondition[]): boolean | undefined {
  let isOpen = false;
  for (const { onSummary } of conditions) {
    const decision = onSummary(summary);
    if (decision === false) return false;
    if (decision === undefined) isOpen = true;
  }
  return isOpen ? undefined : true;
}

/** The number of tasks whose records are read together to filter a list. */
const FILTERED_TOGETHER = 1_000;

/**
 * Selects the tasks of one client that meet all conditions. A record is read only if the task's summary does not
 * suffice to decide.
 *
 * @param tasks the tasks
 * @param conditions the conditions
 * @param read reads the records of tasks
 * @returns the matching tasks, in the same order
 */
export function matchingTasks<Listed extends Summarised>(
  tasks: Iterable<Listed>,
  conditions: readonly TaskCondition[],
  read: ReadRecords<Listed>,
): MaybePromise<Listed[]> {
  const matching: Listed[] = [];
  const open: Listed[] = [];
  for (const listed of tasks) {
    const decision = decide(listed.summary, conditions);
    if (decision === false) continue;
    matching.push(listed);
    if (decision === undefined) open.push(listed);
  }
  if (open.length === 0) return matching;
  return andThen(
    refused(open, conditions, read),
    (ids) => matching.filter(({ summary }) => !ids.has(summary.id)),
  );
}

/** Returns the ids of the tasks whose records do not meet the conditions or no longer exist. */
function refused<Listed extends Summarised>(
  tasks: readonly Listed[],
  conditions: readonly TaskCondition[],
  read: ReadRecords<Listed>,
  ids: Set<string> = new Set(),
  from = 0,
): MaybePromise<ReadonlySet<string>> {
  if (from >= tasks.length) return ids;
  const some = tasks.slice(from, from + FILTERED_TOGETHER);
  return andThen(read(some), (records) => {
    for (const { summary } of some) ids.add(summary.id);
    for (const { task } of records) if (matches(task, conditions)) ids.delete(task.id);
    return refused(tasks, conditions, read, ids, from + FILTERED_TOGETHER);
  });
}

/** The duration by which unfinished tasks are sorted: longer than any run that has ended. */
const UNFINISHED_SECONDS = 1e12;

function sortValue(task: TaskSummary, field: SortField): string | number | null {
  if (field !== "duration") return task[field];
  if (task.started_at === null) return null;
  return (task.finished_at ?? UNFINISHED_SECONDS) - task.started_at;
}

/**
 * Compares two tasks by the field that a list is sorted by. Unknown values come before all known values. If the field
 * is the duration, unfinished tasks come after ended ones, the longest-running task last, so that the order of
 * unfinished tasks does not change as time passes.
 *
 * @returns a negative number if the left task comes first, a positive one if the right task does, 0 if their fields
 * are equal
 */
export function compare(left: TaskSummary, right: TaskSummary, { field, descending }: TaskSort): number {
  const ascending = compareValues(sortValue(left, field), sortValue(right, field));
  return descending ? -ascending : ascending;
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
