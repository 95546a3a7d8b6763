/**
 * The tasks as server-sent events.
 *
 * @module
 */

import { UnrefInterval } from "../../unref_interval.ts";
import { eventMessage } from "../../hub/event_messages.ts";
import type { Watcher } from "../../hub/watcher.ts";
import { type Cursor, parseCursor } from "../../task/cursor.ts";
import type { StoredTask } from "../../store/store.ts";
import { isFinal } from "../../task/task.ts";
import { type HandlerContext, storedTask } from "../context.ts";
import { QueuedBody } from "./queued_body.ts";
import { type Call, paramsOf } from "../route.ts";
import type { WatcherSeats } from "./watcher_seats.ts";
import { type WatcherCounts, WatcherTally } from "./watcher_tally.ts";

/** How long a reader waits before it comes back, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * How often something is written where nothing happens, in milliseconds: proxies end connections that are silent for 30
 * or 60 s, and a peer that is gone without a word is noticed only by writing to it. The HTML standard suggests 15 s.
 */
const KEEPALIVE_MS = 15_000;

const encoder = new TextEncoder();
const BEGINNING = encoder.encode(`retry: ${RETRY_MS}\n\n`);
const KEEPALIVE = encoder.encode(": keepalive\n\n");

const HEADERS = {
  "content-type": "text/event-stream",
  // Compressors of proxies, and of Deno before 2.9, hold events back until they have a block full.
  "cache-control": "no-store, no-transform",
  // nginx holds back what it proxies unless it is told not to.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Encodes texts of which many are sent the same, one after the other. */
class SharedEncoder {
  #text = "";
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();

  encode(text: string): Uint8Array<ArrayBuffer> {
    if (text !== this.#text) {
      this.#bytes = encoder.encode(text);
      this.#text = text;
    }
    return this.#bytes;
  }

  forget(): void {
    this.#text = "";
    this.#bytes = new Uint8Array();
  }
}

/** One stream, as the hub sees it. */
class StreamWatcher implements Watcher {
  readonly saturated = false;
  readonly body: QueuedBody;
  readonly #encoder: SharedEncoder;
  readonly #queueBytes: number;
  readonly #onLeave: () => void;
  readonly #tally: WatcherTally;
  /** How many bytes there are up to the end of the first message, which is as large as all there is. */
  #openingBytes: number | null = null;
  #hasLeft = false;

  constructor(
    encoder: SharedEncoder,
    queueBytes: number,
    { onLeave, onDone, tally }: {
      readonly onLeave: () => void;
      readonly onDone: () => void;
      readonly tally: WatcherTally;
    },
  ) {
    this.#tally = tally;
    this.#encoder = encoder;
    this.#queueBytes = queueBytes;
    this.#onLeave = onLeave;
    this.body = new QueuedBody(() => {
      this.#leave();
      onDone();
    });
    this.body.write(BEGINNING);
  }

  send(message: string): void {
    if (this.#hasLeft) return;
    const { writtenBytes, queuedBytes } = this.body;
    const takenBytes = Math.max(writtenBytes - queuedBytes, this.#openingBytes ?? writtenBytes);
    if (writtenBytes - takenBytes > this.#queueBytes) {
      // Too slow: it may come back with its last cursor. Whether and when it hears of this is up to the network.
      this.body.cut();
      this.#tally.cut++;
      this.#leave();
      return;
    }
    this.body.write(this.#encoder.encode(message));
    this.#tally.sent(message);
    this.#openingBytes ??= this.body.writtenBytes;
  }

  /** Shows a peer, and whatever is in between, that the connection is alive. */
  keepAlive(): void {
    if (this.body.queuedBytes === 0) this.body.write(KEEPALIVE);
  }

  end(): void {
    this.body.end();
    this.#leave();
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onLeave();
  }
}

/** Answers requests below `/events`. */
export class Events {
  readonly #context: HandlerContext;
  readonly #seats: WatcherSeats;
  readonly #watchers: Set<StreamWatcher> = new Set();
  /** Streams whose peers have not taken everything yet. */
  readonly #undone: Set<StreamWatcher> = new Set();
  #onAllDone: () => void = () => {};
  readonly #tally = new WatcherTally();
  readonly #encoder: SharedEncoder = new SharedEncoder();
  readonly #keepalive: UnrefInterval = new UnrefInterval(() => {
    for (const watcher of this.#watchers) watcher.keepAlive();
  }, KEEPALIVE_MS);

  /**
   * @param context what the answers are made of
   * @param seats how many may watch
   */
  constructor(context: HandlerContext, seats: WatcherSeats) {
    this.#context = context;
    this.#seats = seats;
  }

  /** How many watch, and what all so far were sent. */
  get counts(): WatcherCounts {
    const { cut, messages, characters } = this.#tally;
    return { open: this.#watchers.size, cut, messages, characters };
  }

  /** Sends an event to every stream. */
  tellAll(type: string, data: string): void {
    const message = eventMessage(type, data);
    for (const watcher of [...this.#watchers]) watcher.send(message);
  }

  /** Ends every stream. */
  close(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }

  /** Resolves when every peer has taken what it was sent, or has gone. */
  whenClosed(): Promise<void> {
    if (this.#undone.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onAllDone = resolve);
  }

  /** `GET /events/tasks/{client}[?after={cursor}]` */
  watch({ client, request }: Call): Response {
    const after = positionOf(request);
    return this.#stream(request, (watcher) => this.#context.hub.watchEvents(client, watcher, after));
  }

  /** `GET /events/tasks/{client}/{id}[?after={cursor}]`: ends behind the task's end. */
  watchTask({ client, id, request }: Call): Response {
    const after = positionOf(request);
    const stored = storedTask(this.#context, client, id);
    // A reader comes back whenever a stream ends; this is what tells it not to.
    if (after !== null && this.#knowsEnd(client, stored, after)) return new Response(null, { status: 204 });
    return this.#stream(
      request,
      (watcher) => this.#context.hub.watchTaskEvents(client, stored, watcher, after),
    );
  }

  #knowsEnd(client: string, stored: StoredTask, after: Cursor): boolean {
    return stored.seq <= after.seq && isFinal(stored.task.state) &&
      this.#context.registry.changesSince(client, after) !== undefined;
  }

  #stream(request: Request, begin: (watcher: Watcher) => () => void): Response {
    if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
    const giveBack = this.#seats.take();
    let stop = () => {};
    const onLeave = () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#rest();
      // What is still to be taken of its stream takes up its seat.
      if (watcher.body.queuedBytes === 0) giveBack();
      stop();
    };
    const onDone = () => {
      giveBack();
      this.#undone.delete(watcher);
      if (this.#undone.size === 0) this.#onAllDone();
    };
    const { watcherQueueBytes } = this.#context.limits;
    const watcher: StreamWatcher = new StreamWatcher(this.#encoder, watcherQueueBytes, {
      onLeave,
      onDone,
      tally: this.#tally,
    });
    this.#watchers.add(watcher);
    this.#undone.add(watcher);
    this.#keepalive.start();
    try {
      stop = begin(watcher);
    } catch (error) {
      // What is to be shown first can't be read.
      watcher.end();
      onDone();
      throw error;
    }
    // What there is to see may be over already.
    if (!this.#watchers.has(watcher)) stop();
    return new Response(watcher.body.stream, { headers: HEADERS });
  }

  /** There is nobody to keep anything for. */
  #rest(): void {
    this.#keepalive.stop();
    this.#encoder.forget();
  }
}

/**
 * The position that a reader has seen. A browser that comes back adds it as a header to the URL that it began with. Where
 * it is not one of ours, there is nothing that it can have missed: it begins anew.
 */
function positionOf(request: Request): Cursor | null {
  const seen = request.headers.get("last-event-id");
  if (seen) return cursorIn(seen) ?? UNKNOWN;
  const after = paramsOf(request).get("after");
  return after === null || after === "" ? null : parseCursor(after);
}

/** Of no numbering. */
const UNKNOWN: Cursor = { epoch: "", seq: 0 };

function cursorIn(text: string): Cursor | null {
  try {
    return parseCursor(text);
  } catch {
    return null;
  }
}
