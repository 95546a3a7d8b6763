/**
 * Opens an event stream of a server and records everything it receives.
 *
 * @module
 */

import { EventParser, type ReceivedEvent } from "./event_parser.ts";

/** How long a test waits for an expected event, in milliseconds. */
const DEADLINE_MS = 60_000;

/** Options of {@linkcode TestEventStream.open}. */
export interface TestEventStreamOptions {
  /** The `Last-Event-ID` to resume from. */
  readonly lastEventId?: string;
}

/** An open event stream; disposal closes it. */
export class TestEventStream implements AsyncDisposable {
  readonly headers: Headers;
  readonly #parser: EventParser;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #waiting: Set<() => void> = new Set();
  readonly #whenRead: Promise<void>;
  #end: "ended" | "broken" | null = null;
  /** The raw text received so far. */
  text = "";

  private constructor(response: Response, lastEventId: string) {
    this.headers = response.headers;
    this.#parser = new EventParser(lastEventId);
    this.#reader = response.body!.getReader();
    this.#whenRead = this.#read();
  }

  /** Opens a stream; throws if the response is not an event stream. */
  static async open(url: string, options: TestEventStreamOptions = {}): Promise<TestEventStream> {
    const { lastEventId = "" } = options;
    const headers: HeadersInit = lastEventId === "" ? {} : { "last-event-id": lastEventId };
    const response = await fetch(url, { headers });
    if (response.status !== 200) {
      throw new Error(`Wanted a stream, received ${response.status} ${await response.text()}`);
    }
    return new TestEventStream(response, lastEventId);
  }

  /** All events received so far. */
  get events(): readonly ReceivedEvent[] {
    return this.#parser.events;
  }

  /** The names of the events received so far. */
  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  get comments(): readonly string[] {
    return this.#parser.comments;
  }

  get retryMs(): number | null {
    return this.#parser.retryMs;
  }

  /** The last event id, from which another stream can resume. */
  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  /** Resolves when a condition holds; the condition is checked after each chunk. */
  async until(holds: (stream: this) => boolean): Promise<void> {
    await this.#until(() => holds(this) || undefined);
  }

  /** Resolves with the data of the first matching event, whether it was already received or is still to come. */
  // deno-lint-ignore no-explicit-any -- tests compare its fields
  async find(type: string, fits: (data: any) => boolean = () => true): Promise<any> {
    return await this.#until(() => {
      for (const event of this.events) {
        if (event.type !== type) continue;
        const data = JSON.parse(event.data);
        if (fits(data)) return data;
      }
      return undefined;
    });
  }

  /** Resolves when the stream has ended: `broken` if the connection was lost. */
  async ended(): Promise<"ended" | "broken"> {
    return await this.#until(() => this.#end ?? undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {});
    await this.#whenRead;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let end: "ended" | "broken" = "ended";
    try {
      for (let chunk = await this.#reader.read(); !chunk.done; chunk = await this.#reader.read()) {
        const text = decoder.decode(chunk.value, { stream: true });
        this.text += text;
        this.#parser.push(text);
        for (const look of this.#waiting) look();
      }
    } catch {
      end = "broken";
    }
    this.#end = end;
    for (const look of this.#waiting) look();
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    const first = look();
    if (first !== undefined) return first;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (why: string) => reject(new Error(`No such event: ${why} after ${this.text.slice(-2_000)}`));
    const timer = setTimeout(() => fail(`nothing in ${DEADLINE_MS} ms`), DEADLINE_MS);
    const again = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#end !== null) fail(this.#end);
    };
    this.#waiting.add(again);
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(again);
    });
  }
}
