/**
 * Maintains a watcher's copy of a client's tasks by the rules of the wire contract.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import type { SocketMessage } from "../socket.ts";

/** A watcher's copy of a client's tasks at a cursor; it is immutable, and each message creates a new copy. */
export interface Held {
  readonly client: string;
  readonly cursor: string;
  readonly tasks: ReadonlyMap<string, Task>;
}

/** Returns the copy that results from a WebSocket message or an HTTP response. */
export function heldAfter(client: string, before: Held | null, message: Omit<SocketMessage, "type">): Held {
  const { cursor, all_tasks, tasks: changed, removed } = message;
  if (cursor === undefined) throw new Error(`Missing cursor in ${JSON.stringify(message).slice(0, 200)}`);
  if (all_tasks !== undefined) return { client, cursor, tasks: new Map(Object.entries(all_tasks)) };
  const tasks = new Map(before?.tasks);
  // Removals come first, because an id in both lists was removed and then used again or restored.
  for (const id of removed ?? []) tasks.delete(id);
  for (const task of changed ?? []) tasks.set(task.id, task);
  return { client, cursor, tasks };
}

/**
 * Compares a watcher's copy with the server's tasks.
 *
 * @param what the name of the watcher in complaints
 * @param held the tasks in the watcher's copy
 * @param wanted the server's tasks of the same client
 * @returns complaints about tasks that are missing, outdated or already removed
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

/** Returns a short description of a record for complaints. */
export function shown({ state, version, status, current, error, log_count }: Task): string {
  return JSON.stringify({ state, version, status, current, error: error?.type, log_count });
}
