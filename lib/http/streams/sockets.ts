/**
 * Sends tasks to watchers over WebSockets.
 *
 * @module
 */

import { whenExpired } from "../../access/expiry.ts";
import { type Grant, shareOf } from "../../access/grant.ts";
import { UnrefInterval } from "../../unref_interval.ts";
import type { WatchMode } from "../../hub/watcher.ts";
import type { TaskRecord } from "../../store/store.ts";
import { type Cursor, parseCursor } from "../../task/cursor.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import { PING, PONG } from "../../task/wire.ts";
import { ByteBudget } from "../byte_budget.ts";
import { type HandlerContext, taskRecord } from "../context.ts";
import { Problem } from "../problem.ts";
import { type Call, paramsOf } from "../route.ts";
import type { Slots } from "../slots.ts";
import { SendTurns } from "./send_turns.ts";
import { SocketWatcher } from "./socket_watcher.ts";
import { WaitingBytes } from "./waiting_bytes.ts";
import { CLOSE, EXPIRED, type OpenSockets, sizeOf, upgrade } from "./upgrade.ts";
import { type WatcherCounts, WatcherTally } from "./watcher_tally.ts";

/**
 * The number of unsent bytes of a socket that are not counted against the limit of all connections, because
 * the buffers of the connection take about as much memory anyway.
 */
const UNCOUNTED_BYTES = 16 * 1024;

/**
 * The part of the limit of unsent bytes that sockets may use. Each socket has its own copy of what it sends, while
 * streams share their texts, so sockets could use up the limit with copies of a single state.
 */
const SOCKETS_PART = 0.25;

/**
 * The interval at which the unsent bytes of sockets with counted bytes are measured again, in milliseconds.
 */
const MEASURE_MS = 1_000;

/** Handles requests below `/ws/tasks`. */
export class Sockets {
  readonly #context: HandlerContext;
  readonly #watchers: Set<SocketWatcher> = new Set();
  readonly #slots: Slots;
  readonly #open: OpenSockets;
  readonly #tally = new WatcherTally();
  readonly #turns = new SendTurns();
  /** The limit on the unsent bytes of all sockets. */
  readonly #copies: ByteBudget;
  /** The sockets with unsent bytes that are counted against the limit of all connections. */
  readonly #waiting: Set<WaitingBytes> = new Set();
  readonly #measuring: UnrefInterval = new UnrefInterval(() => this.#measure(), MEASURE_MS);
  /** The sockets that are not closed yet, including sockets whose close the peer has not confirmed. */
  readonly #connected: Set<WebSocket> = new Set();

  /**
   * @param context the parts of the monitor to use
   * @param slots the limit on watchers
   * @param open the sockets that are not closed yet
   */
  constructor(context: HandlerContext, slots: Slots, open: OpenSockets) {
    this.#context = context;
    this.#slots = slots;
    this.#open = open;
    this.#copies = new ByteBudget(context.limits.unsentBytes * SOCKETS_PART);
  }

  /** The number of watchers, and the counts of messages sent to them. */
  get counts(): WatcherCounts {
    const { disconnected, messages, characters } = this.#tally;
    return { open: this.#connected.size, disconnected, messages, characters };
  }

  /** `WS /ws/tasks/{client}[?mode=delta][&after={cursor}]` */
  watch({ client, request, visitor: { grant } }: Call): Response {
    const params = paramsOf(request);
    const mode = modeFrom(params);
    const after = cursorFrom(params);
    return this.#upgrade(request, grant, (watcher) => this.#context.hub.watch(client, watcher, mode, after));
  }

  /** `WS /ws/tasks/{client}/{id}`: responds with 404 instead of an upgrade if the task does not exist. */
  watchTask({ client, id, request, visitor: { grant } }: Call): Response {
    // The upgrade does not wait until the record is read: if the peer disconnects while a handler waits, Deno
    // 2.9 never closes the connection, and dispatches no event.
    let waiting: MaybePromise<TaskRecord> | null = taskRecord(this.#context, client, id);
    if (waiting instanceof Promise) waiting.catch(() => {});
    return this.#upgrade(request, grant, (watcher) => {
      const read = waiting!;
      // This function lives as long as the socket, so it must not hold the record.
      waiting = null;
      let stop = () => {};
      let hasLeft = false;
      const begin = (read: TaskRecord) => {
        if (!hasLeft) stop = this.#beginTask(client, id, read, watcher);
      };
      const failed = (error: unknown) => {
        if (hasLeft) return;
        // The only expected error is that the task was removed in the meantime; then the watch ends as usual.
        if (error instanceof Problem) watcher.end();
        else watcher.fail(error);
      };
      if (read instanceof Promise) read.then(begin).catch(failed);
      else begin(read);
      return () => {
        hasLeft = true;
        stop();
      };
    });
  }

  #beginTask(client: string, id: string, read: TaskRecord, watcher: SocketWatcher): () => void {
    const { hub, registry } = this.#context;
    // The task may have changed between the request and the `open` event; if the task was removed, the watch
    // ends.
    const stored = registry.stored(client, id);
    const record = stored === undefined ? undefined : registry.atHand(stored) ?? read;
    if (record !== undefined) return hub.watchTask(client, record, watcher);
    watcher.end();
    return () => {};
  }

  /** Sends a message to every socket. */
  tellAll(message: string): void {
    for (const watcher of this.#watchers) watcher.send(message);
  }

  /** Closes every socket. */
  close(): void {
    for (const watcher of this.#watchers) watcher.close(CLOSE.goingAway, "The server is shutting down");
    this.#measuring.stop();
  }

  #upgrade(request: Request, grant: Grant, begin: (watcher: SocketWatcher) => () => void): Response {
    // The slot is taken before the socket opens, so that sockets that never open cannot exceed the limit.
    const release = this.#slots.take(shareOf(grant));
    try {
      return upgrade(request, {
        attach: (socket) => this.#attach(socket, grant, release, begin),
        reportError: this.#context.reportError,
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Connects a socket to the hub.
   *
   * @param grant the grant of the visitor; the socket is closed when it expires
   * @param release releases the slot of the socket. The slot is kept until the connection is closed: a peer
   * that does not read can't be disconnected, and its unread data stays in memory.
   */
  #attach(
    socket: WebSocket,
    grant: Grant,
    release: () => void,
    begin: (watcher: SocketWatcher) => () => void,
  ): void {
    const { limits } = this.#context;
    this.#connected.add(socket);
    let stop = () => {};
    const onGone = () => {
      cancelExpiry();
      this.#watchers.delete(watcher);
      stop();
    };
    const waiting = new WaitingBytes(socket, this.#context.unsent, this.#copies, shareOf(grant));
    const watcher: SocketWatcher = new SocketWatcher(socket, limits.watcherQueueBytes, {
      onGone,
      reserve: (bytes) => this.#reserve(waiting, bytes),
      turns: this.#turns,
      tally: this.#tally,
      reportError: this.#context.reportError,
    });
    const cancelExpiry = whenExpired(grant, () => watcher.close(CLOSE.policy, EXPIRED));
    this.#watchers.add(watcher);
    this.#open.add(socket);
    socket.onopen = () => {
      if (!this.#watchers.has(watcher)) return socket.close(CLOSE.goingAway);
      watcher.opened();
      try {
        const unsubscribe = begin(watcher);
        if (this.#watchers.has(watcher)) stop = unsubscribe;
        else unsubscribe();
      } catch (error) {
        watcher.fail(error);
      }
    };
    // Deno may dispatch this event twice.
    socket.onclose = () => {
      watcher.gone();
      this.#open.delete(socket);
      this.#connected.delete(socket);
      this.#waiting.delete(waiting);
      waiting.count(0);
      release();
    };
    socket.onerror = () => watcher.gone();
    socket.onmessage = ({ data }) => {
      if (data === PING) watcher.send(PONG);
      else if (sizeOf(data) > limits.watcherMessageBytes) {
        watcher.close(CLOSE.tooBig, `Messages must have at most ${limits.watcherMessageBytes} bytes`);
      }
    };
  }

  /**
   * Counts the unsent bytes of one socket; returns `false` if too many bytes wait to be sent over all
   * connections.
   */
  #reserve(waiting: WaitingBytes, bytes: number): boolean {
    const counted = bytes <= UNCOUNTED_BYTES ? 0 : bytes;
    if (counted === waiting.counted) return true;
    if (!waiting.count(counted)) {
      // Other sockets may have sent some of their counted bytes in the meantime.
      this.#measure();
      if (!waiting.count(counted)) return false;
    }
    if (counted > 0) {
      this.#waiting.add(waiting);
      this.#measuring.start();
    }
    return true;
  }

  /**
   * Counts the unsent bytes of the sockets again, because no event is dispatched when bytes have been sent.
   */
  #measure(): void {
    for (const waiting of this.#waiting) {
      waiting.measure();
      if (waiting.counted === 0) this.#waiting.delete(waiting);
    }
    if (this.#waiting.size === 0) this.#measuring.stop();
  }
}

function modeFrom(params: URLSearchParams): WatchMode {
  const mode = params.get("mode") ?? "full";
  if (mode === "full" || mode === "delta") return mode;
  throw new Problem("bad_filter", 'The parameter "mode" must be full or delta');
}

function cursorFrom(params: URLSearchParams): Cursor | null {
  const after = params.get("after");
  return after === null || after === "" ? null : parseCursor(after);
}
