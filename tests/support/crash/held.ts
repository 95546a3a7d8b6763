/**
 * A watcher's copy of a client's tasks, updated by the rules of the wire contract.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import type { SocketMessage } from "../socket.ts";

/** Tasks by id, as of a cursor. Immutable: each message creates another copy. */
export interface Held {
  readonly client: string;
  readonly cursor: string;
  readonly tasks: ReadonlyMap<string, Task>;
}

/** Applies a message or an answer of the server. */
export function heldAfter(client: string, before: Held | null, message: Omit<SocketMessage, "type">): Held {
  const { cursor, all_tasks, tasks: changed, removed } = message;
  if (cursor === undefined) throw new Error(`There is no cursor in ${JSON.stringify(message).slice(0, 200)}`);
  if (all_tasks !== undefined) return { client, cursor, tasks: new Map(Object.entries(all_tasks)) };
  const tasks = new Map(before?.tasks);
  // Removals first: an id in both lists was restored.
  for (const id of removed ?? []) tasks.delete(id);
  for (const task of changed ?? []) tasks.set(task.id, task);
  return { client, cursor, tasks };
}

/**
 * Compares a watcher's copy with the server's tasks.
 *
 * @param what names the watcher in complaints
 * @param held the watcher's copy
 * @param wanted the server's tasks of the same client
 * @returns complaints
 */
export function differences(what: string, held: ReadonlyMap<string, Task>, wanted: Held): string[] {
  const wrong: string[] = [];
  for (const [id, task] of wanted.tasks) {
    const own = held.get(id);
    if (own === undefined) wrong.push(`${what} misses ${wanted.client}/${id}`);
    else if (!isSame(own, task)) {
      wrong.push(`${what} holds an old ${wanted.client}/${id}: ${shown(own)}, not ${shown(task)}`);
    }
  }
  for (const id of held.keys()) {
    if (!wanted.tasks.has(id)) wrong.push(`${what} still holds ${wanted.client}/${id}, which is gone`);
  }
  return wrong;
}

/** Whether two records are equal. */
export function isSame(one: Task, other: Task): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** A short description of a record. */
export function shown({ state, version, status, current, error, log_count }: Task): string {
  return JSON.stringify({ state, version, status, current, error: error?.type, log_count });
}
