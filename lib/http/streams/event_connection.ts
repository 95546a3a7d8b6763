/**
 * A connection that carries server-sent events to one or more watchers.
 *
 * @module
 */

import type { Text } from "../../hub/long_text.ts";
import type { Watcher } from "../../hub/watcher.ts";
import type { ByteBudget } from "../byte_budget.ts";
import { tooMuchUnsent } from "../problem.ts";
import { QueuedBody } from "./queued_body.ts";
import type { WatcherTally } from "./watcher_tally.ts";

/** The time after which a client reconnects to an interrupted stream, in milliseconds. */
const RETRY_MS = 1_000;

/** The time after which a peer that reads nothing is disconnected, in milliseconds. */
const STALLED_MS = 30_000;

const encoder = new TextEncoder();
const BEGINNING = encoder.encode(`retry: ${RETRY_MS}\n\n`);
const KEEPALIVE = encoder.encode(": keepalive\n\n");

/**
 * Encodes texts to bytes, and caches the last result, because the same message is sent to many watchers in a
 * row.
 */
export class SharedEncoder {
  #text = "";
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** Returns the text as bytes, which the caller must not change. */
  encode(text: string): Uint8Array<ArrayBuffer> {
    if (text !== this.#text) {
      this.#bytes = encoder.encode(text);
      this.#text = text;
    }
    return this.#bytes;
  }

  /** Releases the cached text. */
  clear(): void {
    this.#text = "";
    this.#bytes = new Uint8Array();
  }
}

/** Options of an {@linkcode EventConnection}. */
export interface EventConnectionOptions {
  readonly encoder: SharedEncoder;
  /** The limit on the bytes that wait to be sent, over all connections. */
  readonly unsent: ByteBudget;
  /**
   * Whose share of the limit `unsent` the connection uses; `null` for a peer that may use the whole limit.
   */
  readonly share: string | null;
  /** The maximum number of bytes that may be queued, not counting the first message of each watcher. */
  readonly queueBytes: number;
  readonly tally: WatcherTally;
  readonly reportError: (error: unknown) => void;
  /** Called when the connection has no watchers any more; queued bytes may still be sent afterwards. */
  readonly onLeave: () => void;
  /** Called when the peer has read everything, or has disconnected. */
  readonly onDone: () => void;
}

/** A watcher of an {@linkcode EventConnection}. */
interface ConnectedWatcher extends Watcher {
  /** Removes the watcher from the hub and the connection. Idempotent. */
  leave(): void;
}

/** A connection that carries the events of its watchers, until all watchers have been removed. */
export class EventConnection {
  readonly body: QueuedBody;
  readonly #options: EventConnectionOptions;
  readonly #watchers: Set<ConnectedWatcher> = new Set();
  /**
   * The functions that release the slots of removed watchers, for slots that are kept until the peer has read
   * the queue.
   */
  readonly #releases: Set<() => void> = new Set();
  /**
   * The number of written bytes up to the end of the latest first message of a watcher. Bytes up to this
   * position do not count as backlog, because a first message has the full state.
   */
  #openingBytes = Infinity;
  /** Whether all watchers were added, so that the connection ends when the last watcher is removed. */
  #isComplete = false;
  #hasClosed = false;

  /** @param options the limits, and the callbacks for the end of the connection */
  constructor(options: EventConnectionOptions) {
    this.#options = options;
    this.body = new QueuedBody(options.unsent, () => {
      for (const watcher of [...this.#watchers]) watcher.leave();
      this.#close();
      for (const release of this.#releases) release();
      options.onDone();
    }, options.share);
    this.body.write(BEGINNING);
  }

  /** The number of watchers whose slots are taken. */
  get watchers(): number {
    return this.#watchers.size + this.#releases.size;
  }

  /**
   * Adds a watcher.
   *
   * @param begin registers the watcher at the hub; returns a function that removes it
   * @param release releases the watcher's slot
   * @param label the text to put before each of the watcher's messages; `""` if the connection has only one
   * watcher
   * @param last the text to send when the hub ends the watcher
   * @throws {Problem} 503 if `begin` sends the first message, and there is no room for it; if there is no room later, the
   * peer is disconnected
   */
  add(begin: (watcher: Watcher) => () => void, release: () => void, label = "", last = ""): void {
    let stop = () => {};
    let isFirst = true;
    // The first message may be sent only after `begin()`, when the request can't be refused any more.
    let isBeginning = true;
    let isRefused = false;
    const watcher: ConnectedWatcher = {
      saturated: false,
      send: (message) => {
        if (!this.#watchers.has(watcher) || isRefused || !this.#hasRoom()) return;
        if (label !== "") this.body.write(encoder.encode(label));
        const data = typeof message === "string" ? this.#options.encoder.encode(message) : message;
        if (!this.body.write(data)) {
          if (isBeginning) isRefused = true;
          else this.#disconnect();
          return;
        }
        this.#options.tally.sent(message);
        if (isFirst) this.#openingBytes = this.body.writtenBytes;
        isFirst = false;
      },
      end: () => {
        if (!this.#watchers.has(watcher)) return;
        if (last !== "") this.tell(last);
        watcher.leave();
      },
      fail: (error) => {
        this.#options.reportError(error);
        // The peer will reconnect with the last cursor that it has received.
        this.end();
      },
      leave: () => {
        if (!this.#watchers.delete(watcher)) return;
        stop();
        // A removed watcher keeps its slot until the peer has read the queue, and the last watcher until the
        // peer has read the end of the stream: a peer that does not read can't be disconnected, so its data
        // stays in memory.
        if (this.body.queuedBytes === 0 && this.#watchers.size > 0) release();
        else this.#releases.add(release);
        this.#closeIfUnwatched();
      },
    };
    this.#watchers.add(watcher);
    try {
      stop = begin(watcher);
      isBeginning = false;
      if (isRefused) throw tooMuchUnsent();
    } catch (error) {
      watcher.leave();
      // The slot is released at once, because the request may fail, and then no peer ever reads the stream.
      this.#releases.delete(release);
      release();
      throw error;
    }
    // The hub may have ended the watcher already.
    if (!this.#watchers.has(watcher)) stop();
  }

  /** Declares that all watchers were added: the connection ends once all watchers are removed. */
  complete(): void {
    this.#isComplete = true;
    this.#closeIfUnwatched();
  }

  /** Sends text that belongs to no watcher. */
  tell(text: string): void {
    this.body.write(encoder.encode(text));
  }

  /** Sends a message to every watcher. */
  tellAll(message: Text): void {
    for (const watcher of [...this.#watchers]) watcher.send(message);
  }

  /**
   * Sends a comment that keeps the connection alive. If queued data has waited for too long, disconnects the
   * peer instead.
   */
  keepAlive(): void {
    if (this.body.queuedBytes === 0) this.body.write(KEEPALIVE);
    else if (this.body.stalledMs > STALLED_MS) this.#disconnect();
  }

  /** Ends the connection after the queued messages. */
  end(): void {
    for (const watcher of [...this.#watchers]) watcher.leave();
    this.#close();
  }

  /** Returns whether the queue is short enough for another message; disconnects the peer if not. */
  #hasRoom(): boolean {
    const { writtenBytes, queuedBytes } = this.body;
    const takenBytes = Math.max(writtenBytes - queuedBytes, Math.min(this.#openingBytes, writtenBytes));
    if (writtenBytes - takenBytes <= this.#options.queueBytes) return true;
    this.#disconnect();
    return false;
  }

  /** Disconnects a peer that reads too slowly. The peer may reconnect with its last cursors. */
  #disconnect(): void {
    this.body.discard();
    this.#options.tally.disconnected++;
    this.end();
  }

  #closeIfUnwatched(): void {
    if (this.#isComplete && this.#watchers.size === 0) this.#close();
  }

  #close(): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.body.end();
    this.#options.onLeave();
  }
}
