/**
 * Watches a hub's events and parses them as a browser does.
 *
 * @module
 */

import type { Watcher } from "../../lib/hub/hub.ts";
import { type Cursor, parseCursor } from "../../lib/task/cursor.ts";
import { EventParser, type ReceivedEvent } from "./event_parser.ts";

/** Records everything that the hub sends. */
export class EventWatcher implements Watcher {
  readonly saturated = false;
  /** The messages; each may hold several events. */
  readonly texts: string[] = [];
  /** How often `close()` was called. */
  ends = 0;
  readonly #onSend: (text: string) => void;

  /** @param onSend called within each `send()`, after the message was recorded */
  constructor(onSend: (text: string) => void = () => {}) {
    this.#onSend = onSend;
  }

  /** The text of all messages. */
  get text(): string {
    return this.texts.join("");
  }

  /** The events so far. */
  get events(): readonly ReceivedEvent[] {
    return this.#read().events;
  }

  /** A short form of the events so far: their names and the ids of their tasks. */
  get words(): string[] {
    return this.events.map(({ type, data }) => {
      const { id } = JSON.parse(data);
      return id === undefined ? type : `${id} ${type.replace("task.", "")}`;
    });
  }

  /** The last event id, to resume from. */
  get cursor(): Cursor {
    return parseCursor(this.#read().lastEventId);
  }

  send(message: string): void {
    this.texts.push(message);
    this.#onSend(message);
  }

  end(): void {
    this.ends++;
  }

  #read(): EventParser {
    const parser = new EventParser();
    parser.push(this.text);
    return parser;
  }
}
