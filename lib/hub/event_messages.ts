/**
 * The messages of the event stream, as server-sent events.
 *
 * @module
 */

import type { ChangesSince } from "../store/store.ts";
import { dataOf, stateEvent, type TaskEvent } from "./task_events.ts";

/**
 * Writes an event.
 *
 * @param type its name
 * @param data what it holds, as JSON
 * @param cursor the position of whoever has taken it. It is the last line, so that an event that is cut off in the middle
 *   moves nobody on.
 */
export function eventMessage(type: string, data: string, cursor: string | null = null): string {
  return `event: ${type}\ndata: ${data}\n${cursor === null ? "" : `id: ${cursor}\n`}\n`;
}

/**
 * Events that belong together. The cursor is on the last of them: who was cut off in the middle gets some of them again,
 * rather than none of the rest.
 */
export class EventFrame {
  readonly #events: readonly { readonly seq: number; readonly text: string }[];
  readonly #firstSeq: number;
  #whole: string | null = null;

  /** @param events in their order; what they publish is read now */
  constructor(events: readonly TaskEvent[]) {
    this.#events = events.map((event) => ({
      seq: event.seq,
      text: `event: ${event.name}\ndata: ${dataOf(event)}\n`,
    }));
    this.#firstSeq = events.reduce((least, { seq }) => Math.min(least, seq), Infinity);
  }

  /**
   * The events as text.
   *
   * @param cursor the position behind them; always the same
   * @param after the number up to which everything is known already
   * @returns the same text for all who know nothing of it; empty where there is nothing to tell
   */
  text(cursor: string, after: number): string {
    if (after < this.#firstSeq) return this.#whole ??= joined(this.#events, cursor);
    return joined(this.#events.filter(({ seq }) => seq > after), cursor);
  }
}

/** What happened while nobody looked, by state: each task once, as it is now, behind what was removed. */
export function missedEvents({ tasks, removed }: ChangesSince): TaskEvent[] {
  return [
    ...removed.map(({ id, seq }) => ({ name: "task.removed", id, seq }) as const),
    ...tasks.map(stateEvent),
  ];
}

function joined(events: readonly { readonly text: string }[], cursor: string): string {
  return events.length === 0 ? "" : `${events.map(({ text }) => text).join("\n")}id: ${cursor}\n\n`;
}
