/**
 * Serialises events as server-sent events.
 *
 * @module
 */

import type { RemovedTask, TaskRecord } from "../store/store.ts";
import { enclosed, type Text } from "./long_text.ts";
import { dataOf, stateEvent, type TaskEvent } from "./task_events.ts";

/**
 * Serialises one event.
 *
 * @param type the event's name
 * @param data the event's data, as JSON
 * @param cursor the position after this event. The `id` line with the cursor comes last, so that a truncated
 * event does not advance the receiver's position.
 */
export function eventMessage(type: string, data: string, cursor?: string | null): string;
export function eventMessage(type: string, data: Text, cursor?: string | null): Text;
export function eventMessage(type: string, data: Text, cursor: string | null = null): Text {
  return enclosed(`event: ${type}\ndata: `, data, `\n${cursor === null ? "" : `id: ${cursor}\n`}\n`);
}

/**
 * Events that are sent together; only the last event has a cursor. A receiver whose connection breaks between
 * two of the events receives some events twice, but misses none.
 */
export class EventFrame {
  readonly #events: readonly { readonly seq: number; readonly text: string }[];
  readonly #firstSeq: number;
  #whole: string | null = null;

  /** @param events the events in order; their data is serialised immediately */
  constructor(events: readonly TaskEvent[]) {
    this.#events = events.map((event) => ({
      seq: event.seq,
      text: `event: ${event.name}\ndata: ${dataOf(event)}\n`,
    }));
    this.#firstSeq = events.reduce((least, { seq }) => Math.min(least, seq), Infinity);
  }

  /**
   * Returns the events as text.
   *
   * @param cursor the position after the events; must be the same in every call
   * @param after the sequence number up to which the receiver has all changes
   * @returns the text, which is the same string for all receivers that have none of the events; `""` if the
   * receiver has all of the events
   */
  text(cursor: string, after: number): string {
    if (after < this.#firstSeq) return this.#whole ??= joined(this.#events, cursor);
    return joined(this.#events.filter(({ seq }) => seq > after), cursor);
  }
}

/** The changes that a watcher missed: each changed task with its current record, and the removals. */
export interface MissedChanges {
  readonly tasks: readonly TaskRecord[];
  readonly removed: readonly RemovedTask[];
}

/**
 * Returns events for the changes that a watcher missed. Individual changes are not stored, so there is one
 * event per task: removals first, then each changed task with its current record.
 */
export function missedEvents({ tasks, removed }: MissedChanges): TaskEvent[] {
  return [
    ...removed.map(({ id, seq }) => ({ name: "task.removed", id, seq }) as const),
    ...tasks.map(stateEvent),
  ];
}

function joined(events: readonly { readonly text: string }[], cursor: string): string {
  return events.length === 0 ? "" : `${events.map(({ text }) => text).join("\n")}id: ${cursor}\n\n`;
}
