/**
 * Serialises the messages that are sent to watchers.
 *
 * @module
 */

import { DamagedRecordError } from "../errors.ts";
import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { RegistryReader } from "../registry/registry_reader.ts";
import type { Degradation, TaskRecord } from "../store/store.ts";
import { enclosed, LongText, type Text } from "./long_text.ts";

/**
 * The length from which a state is kept in pieces, in characters. A shorter state is faster to send as one
 * string.
 */
const LONG_CHARACTERS = 256 * 1024;

/** The message that is sent before the full state if the missed changes are not available. */
export const RESYNC_MESSAGE = '{"type":"resync"}';

/**
 * Serialises all tasks of a client, without the braces and the cursor of the message.
 *
 * @param registry the source of the tasks
 * @param client the client token
 * @returns `"active_tasks":[…],"all_tasks":{…}`; active tasks are sorted newest first
 */
export function envelopeOf(
  registry: Pick<RegistryReader, "list" | "records">,
  client: string,
): MaybePromise<Text> {
  return andThen(registry.records([...registry.list(client)]), textOf);
}

function textOf(tasks: readonly TaskRecord[]): Text {
  const keys: string[] = [];
  const records: string[] = [];
  const active: string[] = [];
  let length = 0;
  for (const stored of tasks) {
    const json = intactJson(stored);
    if (json === null) continue;
    keys.push(`${JSON.stringify(stored.id)}:`);
    records.push(json);
    if (stored.active) active.push(json);
    length += stored.active ? 2 * json.length : json.length;
  }
  active.reverse();
  if (length <= LONG_CHARACTERS) {
    const all = keys.map((key, index) => key + records[index]).join();
    return `"active_tasks":[${active.join()}],"all_tasks":{${all}}`;
  }
  const pieces = active.flatMap((json, index) => index === 0 ? [json] : [",", json]);
  pieces.push(`],"all_tasks":{`);
  keys.forEach((key, index) => pieces.push(index === 0 ? key : `,${key}`, records[index]!));
  return new LongText(`"active_tasks":[`, pieces, "}");
}

/** Returns the record of a task as JSON; `null` if the record is damaged, so that the task is left out. */
function intactJson(stored: TaskRecord): string | null {
  try {
    return stored.json;
  } catch (error) {
    if (!(error instanceof DamagedRecordError)) throw error;
    return null;
  }
}

/** Serialises the message with the full state. */
export function fullMessage(
  type: "initial_state" | "state_update",
  envelope: Text,
  cursor: string,
): Text {
  return enclosed(`{"type":"${type}",`, envelope, `,"cursor":"${cursor}"}`);
}

/**
 * Serialises the changes, as the end of a message. If an id is in both lists, the task was removed before a
 * new task got the id.
 */
export function deltaOf(tasks: readonly TaskRecord[], removed: readonly string[]): string {
  const records = tasks.length === 1 ? tasks[0]!.json : tasks.map((stored) => stored.json).join();
  return `"tasks":[${records}],"removed":${JSON.stringify(removed)}}`;
}

/** Serialises the message with the changes. */
export function deltaMessage(cursor: string, delta: string): string {
  return `{"type":"task_update","cursor":"${cursor}",${delta}`;
}

/** Serialises the message that the store is degraded, or no longer is. */
export function degradedMessage(degradation: Degradation | null): string {
  return JSON.stringify({ type: "degraded", detail: degradation?.error.reason ?? null });
}

/** Serialises the message with one task. */
export function taskMessage(type: "initial_state" | "state_update", stored: TaskRecord): string {
  return `{"type":"${type}",${stored.json.slice(1)}`;
}
