/**
 * The tasks that a task's page shows beside it: its parts, its other attempts, the runs before and after it. Pure.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

/** Another run, as a page links to it. */
export type RunLink = Pick<Task, "id" | "state" | "attempt" | "retry_of" | "created_at">;

/** The run before or after another one. */
export type Neighbour = Pick<Task, "id">;

/** As much of every task as it takes to tell whether it belongs to another one. */
export type Relative = Pick<Task, "id" | "name" | "parent_id" | "retry_of" | "created_at">;

/** All tasks of a client, and the record of each, which may have to be read from disk. */
export interface Relatives {
  readonly summaries: Iterable<Relative>;
  record(id: string): Task | undefined;
}

/** What belongs to a task. */
export interface Relations {
  /** Its parts and theirs, in the order of their creation. */
  readonly parts: readonly Task[];
  /** How many more parts there are. */
  readonly omitted: number;
  /** All attempts at the same, itself included, first one first; empty where it is the only one. */
  readonly attempts: readonly RunLink[];
  /** The run of the same name before it, and the one after it. */
  readonly previous: Neighbour | null;
  readonly next: Neighbour | null;
}

/** Parts that a page shows at most, and attempts. */
export const MOST_PARTS = 200;
const MOST_ATTEMPTS = 50;

/**
 * Finds what belongs to a task.
 *
 * @param all every task of its client, of which only those that belong to it are read
 * @param task the task
 */
export function relationsOf({ summaries, record }: Relatives, task: Task): Relations {
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
  const read = (found: readonly Relative[]) =>
    found.map(({ id }) => record(id)).filter((each) => each !== undefined);
  const link = (found: Relative | undefined) => found === undefined ? null : { id: found.id };
  const parts = below(task.id, byParent);
  const attempts = read(attemptsOf(task, origins, byOrigin)).map(runLink);
  return {
    parts: read(parts.slice(0, MOST_PARTS)).map(trimmed).sort(compareRuns),
    omitted: Math.max(0, parts.length - MOST_PARTS),
    attempts: attempts.sort((left, right) => left.attempt - right.attempt || compareRuns(left, right)),
    previous: link(previous),
    next: link(next),
  };
}

/** What a page needs to link to a task. */
export function runLink({ id, state, attempt, retry_of, created_at }: Task): RunLink {
  return { id, state, attempt, retry_of, created_at };
}

/** Puts runs into the order of their creation. */
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
  // Back to the first that is still there.
  while (first.retry_of !== null && known.size < MOST_ATTEMPTS) {
    const earlier = byId.get(first.retry_of);
    if (earlier === undefined || known.has(earlier.id)) break;
    known.add(earlier.id);
    first = earlier;
  }
  const later = below(first.id, byOrigin).slice(0, MOST_ATTEMPTS);
  return later.length === 0 ? [] : [first, ...later];
}

/** Everything below one id, nearest first. A circle is gone through once. */
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

/** Without what a part's row does not show. */
function trimmed(task: Task): Task {
  const { error } = task;
  return {
    ...task,
    result: null,
    metadata: {},
    error: error === null ? null : { message: error.message, type: error.type },
  };
}
