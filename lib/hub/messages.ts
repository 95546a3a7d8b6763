/**
 * The messages that watchers are sent, as text.
 *
 * @module
 */

import type { RegistryReader } from "../registry/registry_reader.ts";
import type { Degradation, StoredTask } from "../store/store.ts";

/** Said before all the state where what was missed can't be told. */
export const RESYNC_MESSAGE = '{"type":"resync"}';

/**
 * The contract's envelope of all tasks of a client, without its braces and its cursor.
 *
 * @param registry where the tasks are
 * @param client the client token
 * @returns `"active_tasks":[…],"all_tasks":{…}`; active ones newest first
 */
export function envelopeOf(registry: Pick<RegistryReader, "list">, client: string): string {
  const all: string[] = [];
  const active: string[] = [];
  for (const stored of registry.list(client)) {
    const { json } = stored;
    all.push(`${JSON.stringify(stored.id)}:${json}`);
    if (stored.active) active.push(json);
  }
  return `"active_tasks":[${active.reverse().join()}],"all_tasks":{${all.join()}}`;
}

/** All of the state. */
export function fullMessage(
  type: "initial_state" | "state_update",
  envelope: string,
  cursor: string,
): string {
  return `{"type":"${type}",${envelope},"cursor":"${cursor}"}`;
}

/** What changed, as the end of a message: removals come first where a task is in both lists. */
export function deltaOf(tasks: readonly StoredTask[], removed: readonly string[]): string {
  const records = tasks.length === 1 ? tasks[0]!.json : tasks.map((stored) => stored.json).join();
  return `"tasks":[${records}],"removed":${JSON.stringify(removed)}}`;
}

/** What changed. */
export function deltaMessage(cursor: string, delta: string): string {
  return `{"type":"task_update","cursor":"${cursor}",${delta}`;
}

/** There is trouble with the store, or no more. */
export function degradedMessage(degradation: Degradation | null): string {
  return JSON.stringify({ type: "degraded", detail: degradation?.error.reason ?? null });
}

/** One task. */
export function taskMessage(type: "initial_state" | "state_update", stored: StoredTask): string {
  return `{"type":"${type}",${stored.json.slice(1)}`;
}
