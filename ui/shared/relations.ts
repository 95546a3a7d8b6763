/**
 * Finds the tasks that are related to a given task: parent, subtasks, other attempts, previous and
 * next run.
 *
 * @module
 */

import { andThen, type MaybePromise } from "../../lib/task/maybe_promise.ts";
import type { Task } from "../../lib/task/task.ts";

/** The fields of a task that are required to link to its page. */
export type RunLink = Pick<Task, "id" | "state" | "attempt" | "retry_of" | "created_at">;

/** The parent, or the previous or next run of the same name. */
export type Neighbour = Pick<Task, "id">;

/** The fields of a task that determine how it is related to others. */
export type Relative = Pick<Task, "id" | "name" | "parent_id" | "retry_of" | "created_at">;

/** All tasks of a client: a summary of each task, and full records on demand. */
export interface Relatives {
  readonly summaries: Iterable<Relative>;
  /** Reads the records of tasks; tasks that no longer exist are left out. */
  read(ids: readonly string[]): MaybePromise<readonly Task[]>;
}

/** The tasks related to a task. */
export interface Relations {
  /** The task's subtasks at all levels, in the order of their creation. */
  readonly subtasks: readonly Task[];
  /** The number of further subtasks, which the page leaves out. */
  readonly omitted: number;
  /** All attempts of the task including the task itself, oldest first; empty if there is only one. */
  readonly attempts: readonly RunLink[];
  /** The parent; `null` if the task has no parent, or the parent no longer exists. */
  readonly parent: Neighbour | null;
  /** The previous run of the same name; `next` is the next one. */
  readonly previous: Neighbour | null;
  readonly next: Neighbour | null;
}

/** The maximum number of subtasks on a page. */
export const MAX_SUBTASKS = 200;
const MAX_ATTEMPTS = 50;

/**
 * Finds the tasks related to a task.
 *
 * @param all all tasks of the client; only the records of related tasks are read
 * @param task the task whose relations to find
 */
export function relationsOf({ summaries, read }: Relatives, task: Task): MaybePromise<Relations> {
  const byParent = new Map<string, Relative[]>();
  const byOrigin = new Map<string, Relative[]>();
  const origins = new Map<string, Relative>();
  let previous: Relative | undefined;
  let next: Relative | undefined;
  for (const other of summaries) {
    if (other.parent_id !== null) add(byParent, other.parent_id, other);
    if (other.retry_of !== null) add(byOrigin, other.retry_of, other);
    origins.set(other.id, other);
    if (other.name !== task.name || other.id === task.id) continue;
    if (compareRuns(other, task) < 0) {
      if (previous === undefined || compareRuns(other, previous) > 0) previous = other;
    } else if (next === undefined || compareRuns(other, next) < 0) next = other;
  }
  const link = (found: Relative | undefined) => found === undefined ? null : { id: found.id };
  const subtasks = below(task.id, byParent);
  const shown = subtasks.slice(0, MAX_SUBTASKS);
  const attempts = attemptsOf(task, origins, byOrigin);
  const wanted = new Set([...shown, ...attempts].map(({ id }) => id));
  return andThen(read([...wanted]), (tasks) => {
    const records = new Map(tasks.map((each) => [each.id, each]));
    const recordsOf = (found: readonly Relative[]) =>
      found.map(({ id }) => records.get(id)).filter((each) => each !== undefined);
    return {
      subtasks: recordsOf(shown).map(trimmed).sort(compareRuns),
      omitted: Math.max(0, subtasks.length - MAX_SUBTASKS),
      attempts: recordsOf(attempts).map(runLink)
        .sort((left, right) => left.attempt - right.attempt || compareRuns(left, right)),
      parent: link(task.parent_id === null ? undefined : origins.get(task.parent_id)),
      previous: link(previous),
      next: link(next),
    };
  });
}

/** Extracts the fields of a task that are required to link to its page. */
export function runLink({ id, state, attempt, retry_of, created_at }: Task): RunLink {
  return { id, state, attempt, retry_of, created_at };
}

/** Compares two tasks by creation time, and by id if they were created at the same time. */
export function compareRuns(
  left: Pick<Task, "id" | "created_at">,
  right: Pick<Task, "id" | "created_at">,
): number {
  return left.created_at - right.created_at || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

function attemptsOf(
  task: Relative,
  byId: ReadonlyMap<string, Relative>,
  byOrigin: ReadonlyMap<string, readonly Relative[]>,
): Relative[] {
  const known = new Set([task.id]);
  let first = task;
  // Follow `retry_of` back to the first attempt that still exists.
  while (first.retry_of !== null && known.size < MAX_ATTEMPTS) {
    const earlier = byId.get(first.retry_of);
    if (earlier === undefined || known.has(earlier.id)) break;
    known.add(earlier.id);
    first = earlier;
  }
  const later = below(first.id, byOrigin).slice(0, MAX_ATTEMPTS);
  return later.length === 0 ? [] : [first, ...later];
}

/** Collects all descendants of a task, breadth first. In a cycle, each task is visited once. */
function below<T extends { readonly id: string }>(
  id: string,
  byParent: ReadonlyMap<string, readonly T[]>,
): T[] {
  const found: T[] = [];
  const seen = new Set([id]);
  const queue = [id];
  for (const parent of queue) {
    for (const child of byParent.get(parent) ?? []) {
      if (seen.has(child.id)) continue;
      seen.add(child.id);
      queue.push(child.id);
      found.push(child);
    }
  }
  return found;
}

function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Removes the fields of a task that the row of a subtask does not show. */
function trimmed(task: Task): Task {
  const { error } = task;
  return {
    ...task,
    result: null,
    metadata: {},
    error: error === null ? null : { message: error.message, type: error.type },
  };
}
