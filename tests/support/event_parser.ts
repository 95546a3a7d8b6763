/**
 * Parses server-sent events as browsers do (HTML standard, section 9.2.6).
 *
 * @module
 */

/** An event that a browser would dispatch. */
export interface ReceivedEvent {
  /** The event's name; `message` if it has none. */
  readonly type: string;
  readonly data: string;
  /** The last event id at the time of the event; empty if no id was received yet. */
  readonly lastEventId: string;
}

/** Parses a stream that arrives in chunks of any length. */
export class EventParser {
  /** All events received so far. */
  readonly events: ReceivedEvent[] = [];
  /** All comments received so far, without their colon. */
  readonly comments: string[] = [];
  /** The reconnection time that the stream set, in milliseconds; `null` if it set none. */
  retryMs: number | null = null;
  /** The id of the last dispatched event. */
  lastEventId: string;
  #id: string;
  #type = "";
  #data: string[] = [];
  #rest = "";

  /** @param lastEventId the last event id of an earlier connection */
  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** Parses the next chunk of the stream. */
  push(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.comments.push(line.slice(1));
      return;
    }
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "data") this.#data.push(value);
    if (field === "id" && !value.includes("\0")) this.#id = value;
    if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    if (this.#data.length > 0) {
      const type = this.#type === "" ? "message" : this.#type;
      this.events.push({ type, data: this.#data.join("\n"), lastEventId: this.lastEventId });
    }
    this.#type = "";
    this.#data = [];
  }
}
