/**
 * Watches the event stream of a hub and parses its events as a browser does.
 *
 * @module
 */

import type { Watcher } from "../../lib/hub/hub.ts";
import { type Cursor, parseCursor } from "../../lib/task/cursor.ts";
import { EventParser, type ReceivedEvent } from "./event_parser.ts";

/** Records everything that the hub sends. */
export class EventWatcher implements Watcher {
  readonly saturated = false;
  /** The messages sent so far; each may hold several events. */
  readonly texts: string[] = [];
  /** How often the hub called `close()`. */
  ends = 0;
  readonly #onSend: (text: string) => void;

  /** @param onSend called by each `send()`, after the message is recorded */
  constructor(onSend: (text: string) => void = () => {}) {
    this.#onSend = onSend;
  }

  /** The text of all messages. */
  get text(): string {
    return this.texts.join("");
  }

  /** The events sent so far. */
  get events(): readonly ReceivedEvent[] {
    return this.#read().events;
  }

  /** The name and the task's id of each event so far, as short text to compare. */
  get words(): string[] {
    return this.events.map(({ type, data }) => {
      const { id } = JSON.parse(data);
      return id === undefined ? type : `${id} ${type.replace("task.", "")}`;
    });
  }

  /** The cursor in the last event id, from which another watcher can resume. */
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

  fail(error: unknown): void {
    throw error;
  }
}
