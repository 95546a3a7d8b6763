/**
 * Sends tasks to watchers as server-sent events.
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
import { headerOf } from "../headers.ts";
import { QueuedBody } from "./queued_body.ts";
import { type Call, paramsOf } from "../route.ts";
import type { WatcherSlots } from "./watcher_slots.ts";
import { type WatcherCounts, WatcherTally } from "./watcher_tally.ts";

/** The time after which a client reconnects to an interrupted stream, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * The interval of keepalive comments on an idle stream, in milliseconds: proxies close connections that are
 * idle for 30 or 60 s, and only a write reveals that a peer is gone. The HTML standard recommends 15 s.
 */
const KEEPALIVE_MS = 15_000;

const encoder = new TextEncoder();
const BEGINNING = encoder.encode(`retry: ${RETRY_MS}\n\n`);
const KEEPALIVE = encoder.encode(": keepalive\n\n");

const HEADERS = {
  "content-type": "text/event-stream",
  // Without `no-transform`, proxies that compress responses buffer events until a block is full. Deno before
  // 2.9 did the same: https://github.com/denoland/deno/issues/19889
  "cache-control": "no-store, no-transform",
  // This header disables nginx's buffering of the response.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Encodes text, and caches the last result, because the same message is sent to many watchers in a row. */
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

  clear(): void {
    this.#text = "";
    this.#bytes = new Uint8Array();
  }
}

/** A watcher over an event stream. */
class StreamWatcher implements Watcher {
  readonly saturated = false;
  readonly body: QueuedBody;
  readonly #encoder: SharedEncoder;
  readonly #queueBytes: number;
  readonly #onLeave: () => void;
  readonly #tally: WatcherTally;
  /**
   * The number of bytes up to the end of the first message, which contains the full state and does not count
   * as backlog.
   */
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
      // A watcher that reads too slowly is disconnected; it can reconnect with its last cursor.
      this.body.discard();
      this.#tally.disconnected++;
      this.#leave();
      return;
    }
    this.body.write(this.#encoder.encode(message));
    this.#tally.sent(message);
    this.#openingBytes ??= this.body.writtenBytes;
  }

  /** Sends a comment that keeps the connection alive, unless other data waits to be sent. */
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

/** Handles requests below `/events`. */
export class Events {
  readonly #context: HandlerContext;
  readonly #slots: WatcherSlots;
  readonly #watchers: Set<StreamWatcher> = new Set();
  /** The streams whose peers have not read everything yet. */
  readonly #undone: Set<StreamWatcher> = new Set();
  #onAllDone: () => void = () => {};
  readonly #tally = new WatcherTally();
  readonly #encoder: SharedEncoder = new SharedEncoder();
  readonly #keepalive: UnrefInterval = new UnrefInterval(() => {
    for (const watcher of this.#watchers) watcher.keepAlive();
  }, KEEPALIVE_MS);

  /**
   * @param context the parts of the monitor to use
   * @param slots the limit of watchers
   */
  constructor(context: HandlerContext, slots: WatcherSlots) {
    this.#context = context;
    this.#slots = slots;
  }

  /** The number of watchers, and the counts of messages sent to them. */
  get counts(): WatcherCounts {
    const { disconnected, messages, characters } = this.#tally;
    return { open: this.#watchers.size, disconnected, messages, characters };
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

  /** Resolves when every peer has read its stream to the end, or has disconnected. */
  whenClosed(): Promise<void> {
    if (this.#undone.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onAllDone = resolve);
  }

  /** `GET /events/tasks/{client}[?after={cursor}]` */
  watch({ client, request }: Call): Response {
    const after = cursorOf(request);
    return this.#stream(request, (watcher) => this.#context.hub.watchEvents(client, watcher, after));
  }

  /** `GET /events/tasks/{client}/{id}[?after={cursor}]`: the stream ends after the task has ended. */
  watchTask({ client, id, request }: Call): Response {
    const after = cursorOf(request);
    const stored = storedTask(this.#context, client, id);
    // An EventSource reconnects whenever a stream ends; the status 204 tells it to stop.
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
    const release = this.#slots.take();
    let stop = () => {};
    const onLeave = () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#stopKeepalive();
      // A stream keeps its slot until the peer has read the rest of it.
      if (watcher.body.queuedBytes === 0) release();
      stop();
    };
    const onDone = () => {
      release();
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
      watcher.end();
      onDone();
      throw error;
    }
    // The hub may have ended the stream already.
    if (!this.#watchers.has(watcher)) stop();
    return new Response(watcher.body.stream, { headers: HEADERS });
  }

  /** Stops the keepalive timer and releases the cached message, because no stream is open. */
  #stopKeepalive(): void {
    this.#keepalive.stop();
    this.#encoder.clear();
  }
}

/**
 * Returns the cursor to resume from. A browser that reconnects sends the cursor as a header, along with the
 * original URL. If the header is not a cursor of this server, the position is unknown, so the stream starts
 * with the full state.
 */
function cursorOf(request: Request): Cursor | null {
  const seen = headerOf(request, "last-event-id");
  if (seen) return parsedCursor(seen) ?? UNKNOWN;
  const after = paramsOf(request).get("after");
  return after === null || after === "" ? null : parseCursor(after);
}

/** A cursor that no server has issued. */
const UNKNOWN: Cursor = { epoch: "", seq: 0 };

function parsedCursor(text: string): Cursor | null {
  try {
    return parseCursor(text);
  } catch {
    return null;
  }
}
