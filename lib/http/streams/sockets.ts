/**
 * The tasks over WebSocket.
 *
 * @module
 */

import type { Watcher, WatchMode } from "../../hub/watcher.ts";
import { type Cursor, parseCursor } from "../../task/cursor.ts";
import { type HandlerContext, storedTask } from "../context.ts";
import { Problem } from "../problem.ts";
import { type Call, paramsOf } from "../route.ts";
import { CLOSE, type OpenSockets, sizeOf, upgrade } from "./upgrade.ts";
import type { WatcherSeats } from "./watcher_seats.ts";
import { type WatcherCounts, WatcherTally } from "./watcher_tally.ts";

/** How long a watcher may take nothing at all while a full state waits for it, in milliseconds. */
const STUCK_MS = 30_000;

/** One socket, as the hub sees it. */
class SocketWatcher implements Watcher {
  readonly #socket: WebSocket;
  readonly #queueBytes: number;
  readonly #onGone: () => void;
  readonly #tally: WatcherTally;
  #saturatedMs = 0;
  #gone = false;

  constructor(
    socket: WebSocket,
    queueBytes: number,
    { onGone, tally }: { readonly onGone: () => void; readonly tally: WatcherTally },
  ) {
    this.#tally = tally;
    this.#socket = socket;
    this.#queueBytes = queueBytes;
    this.#onGone = onGone;
  }

  get saturated(): boolean {
    // Any rest of an earlier state means that the next one would only queue up behind it.
    if (this.#socket.bufferedAmount === 0) {
      this.#saturatedMs = 0;
      return false;
    }
    this.#saturatedMs ||= Date.now();
    if (Date.now() - this.#saturatedMs > STUCK_MS) this.#cut();
    return true;
  }

  send(message: string): void {
    if (this.#gone || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#queueBytes) return this.#cut();
    this.#socket.send(message);
    this.#tally.sent(message);
  }

  end(): void {
    this.leave(CLOSE.normal, "The task has ended");
  }

  /** Takes the socket out of every list at once; whether and when the peer hears of it is up to the network. */
  leave(code: number, reason: string): void {
    if (this.#gone) return;
    this.gone();
    // Closing a socket that is closing already does nothing.
    this.#socket.close(code, reason);
  }

  /** The socket is closed. May be called more than once. */
  gone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#onGone();
  }

  #cut(): void {
    if (!this.#gone) this.#tally.cut++;
    this.leave(CLOSE.tryAgainLater, "Too slow; come back with the last cursor");
  }
}

/** Answers requests below `/ws`. */
export class Sockets {
  readonly #context: HandlerContext;
  readonly #watchers: Set<SocketWatcher> = new Set();
  readonly #seats: WatcherSeats;
  readonly #open: OpenSockets;
  readonly #tally = new WatcherTally();

  /**
   * @param context what the answers are made of
   * @param seats how many may watch
   * @param open takes note of every socket
   */
  constructor(context: HandlerContext, seats: WatcherSeats, open: OpenSockets) {
    this.#context = context;
    this.#seats = seats;
    this.#open = open;
  }

  /** How many watch, and what all so far were sent. */
  get counts(): WatcherCounts {
    const { cut, messages, characters } = this.#tally;
    return { open: this.#watchers.size, cut, messages, characters };
  }

  /** `WS /ws/tasks/{client}[?mode=delta][&after={cursor}]` */
  watch({ client, request }: Call): Response {
    const params = paramsOf(request);
    const mode = modeFrom(params);
    const after = cursorFrom(params);
    return this.#upgrade(request, (watcher) => this.#context.hub.watch(client, watcher, mode, after));
  }

  /** `WS /ws/tasks/{client}/{id}`: an unknown task is refused before the upgrade. */
  watchTask({ client, id, request }: Call): Response {
    storedTask(this.#context, client, id);
    return this.#upgrade(request, (watcher) => {
      // Between the answer and the opening of the socket the task may have been removed.
      const stored = this.#context.registry.stored(client, id);
      if (stored !== undefined) return this.#context.hub.watchTask(client, stored, watcher);
      watcher.end();
      return () => {};
    });
  }

  /** Sends a message to every socket. */
  tellAll(message: string): void {
    for (const watcher of this.#watchers) watcher.send(message);
  }

  /** Closes every socket. */
  close(): void {
    for (const watcher of this.#watchers) watcher.leave(CLOSE.goingAway, "The server is shutting down");
  }

  #upgrade(request: Request, begin: (watcher: SocketWatcher) => () => void): Response {
    const { limits } = this.#context;
    this.#seats.check();
    const { socket, response } = upgrade(request);
    // Counted from now on: a socket that never opens must not get past the limit.
    const giveBack = this.#seats.take();
    let leave = () => {};
    const onGone = () => {
      this.#watchers.delete(watcher);
      giveBack();
      leave();
    };
    const watcher: SocketWatcher = new SocketWatcher(socket, limits.watcherQueueBytes, {
      onGone,
      tally: this.#tally,
    });
    this.#watchers.add(watcher);
    this.#open.add(socket);
    socket.onopen = () => {
      try {
        const stop = begin(watcher);
        if (this.#watchers.has(watcher)) leave = stop;
        else stop();
      } catch (error) {
        // What is to be shown first can't be read.
        this.#context.reportError(error);
        watcher.leave(CLOSE.serverError, "What there is to see can't be read; the server's log says why");
      }
    };
    socket.onclose = () => {
      watcher.gone();
      this.#open.delete(socket);
    };
    socket.onerror = () => watcher.gone();
    socket.onmessage = ({ data }) => {
      if (sizeOf(data) > limits.watcherMessageBytes) {
        watcher.leave(CLOSE.tooBig, `Messages may have at most ${limits.watcherMessageBytes} bytes`);
      }
    };
    return response;
  }
}

function modeFrom(params: URLSearchParams): WatchMode {
  const mode = params.get("mode") ?? "full";
  if (mode === "full" || mode === "delta") return mode;
  throw new Problem("bad_filter", 'The filter "mode" must be full or delta');
}

function cursorFrom(params: URLSearchParams): Cursor | null {
  const after = params.get("after");
  return after === null || after === "" ? null : parseCursor(after);
}
