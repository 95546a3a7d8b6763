/**
 * What a watcher holds of a client's tasks, kept up to date by the rules of the wire contract.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import type { SocketMessage } from "../socket.ts";

/** Tasks by id, as of a cursor. Never changes: what follows makes another one. */
export interface Held {
  readonly client: string;
  readonly cursor: string;
  readonly tasks: ReadonlyMap<string, Task>;
}

/** What a message of the server, or an answer, leads to. */
export function heldAfter(client: string, before: Held | null, message: Omit<SocketMessage, "type">): Held {
  const { cursor, all_tasks, tasks: changed, removed } = message;
  if (cursor === undefined) throw new Error(`There is no cursor in ${JSON.stringify(message).slice(0, 200)}`);
  if (all_tasks !== undefined) return { client, cursor, tasks: new Map(Object.entries(all_tasks)) };
  const tasks = new Map(before?.tasks);
  // In this order: an id that is in both lists was restored.
  for (const id of removed ?? []) tasks.delete(id);
  for (const task of changed ?? []) tasks.set(task.id, task);
  return { client, cursor, tasks };
}

/**
 * Where what a watcher holds is not what the server has.
 *
 * @param what which watcher, for the messages
 * @param held what it holds
 * @param wanted what the server has of the same client
 * @returns what differs, in words
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

/** Whether two records say the same. */
export function isSame(one: Task, other: Task): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** A record in few words. */
export function shown({ state, version, status, current, error, log_count }: Task): string {
  return JSON.stringify({ state, version, status, current, error: error?.type, log_count });
}
