/**
 * Somebody who watches a hub's events and reads them as a browser does.
 *
 * @module
 */

import type { Watcher } from "../../lib/hub/hub.ts";
import { type Cursor, parseCursor } from "../../lib/task/cursor.ts";
import { EventParser, type ReceivedEvent } from "./event_parser.ts";

/** Keeps what it was sent. */
export class EventWatcher implements Watcher {
  readonly saturated = false;
  /** As they came; each may hold several events. */
  readonly texts: string[] = [];
  /** How often it was told that nothing follows. */
  ends = 0;
  readonly #onSend: (text: string) => void;

  /** @param onSend called within each `send()`, after the message was kept */
  constructor(onSend: (text: string) => void = () => {}) {
    this.#onSend = onSend;
  }

  /** Everything that came. */
  get text(): string {
    return this.texts.join("");
  }

  /** The events so far. */
  get events(): readonly ReceivedEvent[] {
    return this.#read().events;
  }

  /** The events so far, in few words: their names, and the ids of their tasks. */
  get words(): string[] {
    return this.events.map(({ type, data }) => {
      const { id } = JSON.parse(data);
      return id === undefined ? type : `${id} ${type.replace("task.", "")}`;
    });
  }

  /** The last position, to come back with. */
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
