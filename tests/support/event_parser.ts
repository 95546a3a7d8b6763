/**
 * Reads server-sent events as the HTML standard says (section 9.2.6), so that a test sees what a browser sees.
 *
 * @module
 */

/** An event as it is dispatched. */
export interface ReceivedEvent {
  /** `message` where the event has no name. */
  readonly type: string;
  readonly data: string;
  /** The last id that was given so far; empty where none was. */
  readonly lastEventId: string;
}

/** Takes a stream in parts of any length. */
export class EventParser {
  /** Every event so far. */
  readonly events: ReceivedEvent[] = [];
  /** Comments, without their colon. */
  readonly comments: string[] = [];
  /** What the stream asks its readers to wait before they come back, in milliseconds. */
  retryMs: number | null = null;
  /** The id of the last event that was dispatched. */
  lastEventId: string;
  #id: string;
  #type = "";
  #data: string[] = [];
  #rest = "";

  /** @param lastEventId what the reader knows from before */
  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** Takes a part. */
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
