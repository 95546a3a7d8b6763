/**
 * Sends tasks to a watcher over a WebSocket.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import type { Text } from "../../hub/long_text.ts";
import type { Watcher } from "../../hub/watcher.ts";
import type { Sender, SendTurns } from "./send_turns.ts";
import { CLOSE } from "./upgrade.ts";
import type { WatcherTally } from "./watcher_tally.ts";

/** How long a watcher may leave a full state unread before it is disconnected, in milliseconds. */
const STUCK_MS = 30_000;

/** The callbacks of a {@linkcode SocketWatcher}, and the objects that it shares with other watchers. */
export interface SocketWatcherOptions {
  /** Called once, when the watcher is removed. */
  readonly onGone: () => void;
  /**
   * Called with the number of bytes that wait to be sent to the watcher; returns `false` if too many bytes
   * wait over all connections.
   */
  readonly reserve: (bytes: number) => boolean;
  /** Decides when the watcher may send. */
  readonly turns: SendTurns;
  readonly tally: WatcherTally;
  readonly reportError: (error: unknown) => void;
}

/** A watcher over a socket. */
export class SocketWatcher implements Watcher, Sender {
  readonly #socket: WebSocket;
  readonly #queueBytes: number;
  readonly #options: SocketWatcherOptions;
  /** The messages that wait for a turn to be sent, see {@linkcode SendTurns}. */
  #messages: Text[] = [];
  /** The length of the waiting messages except the first message of all, in characters. */
  #queued = 0;
  /**
   * The number of characters sent after the first message, which does not count as backlog, because it has the full
   * state; `null` until it is sent.
   */
  #sentSinceFirst: number | null = null;
  #saturatedMs = 0;
  #isOpen = false;
  #gone = false;

  /**
   * @param socket the socket
   * @param queueBytes the maximum number of bytes that may wait for the peer
   * @param options the callbacks, and the objects that the watcher shares with other watchers
   */
  constructor(socket: WebSocket, queueBytes: number, options: SocketWatcherOptions) {
    this.#socket = socket;
    this.#queueBytes = queueBytes;
    this.#options = options;
  }

  get saturated(): boolean {
    // While the previous full state is not sent as a whole, the next state would only queue up behind it.
    if (this.#messages.length > 0) return true;
    if (this.#socket.bufferedAmount === 0) {
      this.#saturatedMs = 0;
      return false;
    }
    this.#saturatedMs ||= monotonicMs();
    if (monotonicMs() - this.#saturatedMs > STUCK_MS) this.#disconnect();
    return true;
  }

  /**
   * Allows messages to be sent. The watcher keeps this state itself, because reading the state of the socket
   * takes a seventh of the time of {@linkcode SocketWatcher.sendNext}. If the peer is closing the socket,
   * messages are ignored.
   */
  opened(): void {
    this.#isOpen = true;
  }

  send(message: Text): void {
    if (this.#gone || !this.#isOpen) return;
    if (this.#queued > this.#queueBytes) return this.#disconnect();
    if (this.#messages.length === 0 && this.#options.turns.takeNow(message.length)) {
      return this.#send(message);
    }
    const isFirst = this.#sentSinceFirst === null && this.#messages.length === 0;
    this.#messages.push(message);
    if (!isFirst) this.#queued += message.length;
    this.#options.turns.add(this);
  }

  sendNext(): number {
    const message = this.#messages.shift();
    if (message === undefined) return 0;
    if (this.#sentSinceFirst !== null) this.#queued -= message.length;
    this.#send(message);
    return message.length;
  }

  #send(message: Text): void {
    const { reserve, tally } = this.#options;
    const waiting = this.#socket.bufferedAmount;
    const isBehind = waiting > this.#queueBytes && (this.#sentSinceFirst ?? 0) > this.#queueBytes;
    if (isBehind || !reserve(waiting + message.length)) return this.#disconnect();
    this.#socket.send(message.toString());
    this.#sentSinceFirst = this.#sentSinceFirst === null ? 0 : this.#sentSinceFirst + message.length;
    tally.sent(message);
  }

  end(): void {
    this.close(CLOSE.normal, "The task has ended");
  }

  fail(error: unknown): void {
    this.#options.reportError(error);
    this.close(CLOSE.serverError, "Cannot read the tasks; the server's log has the details");
  }

  /**
   * Closes the socket, and removes the watcher at once, because the peer's confirmation of the close may take
   * long or never come.
   */
  close(code: number, reason: string): void {
    if (this.#gone) return;
    while (this.#messages.length > 0) this.sendNext();
    this.gone();
    // If `close()` is called before a socket opens, Deno never closes the socket.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  /** Removes the watcher. Call this when the socket is closed; further calls do nothing. */
  gone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#drop();
    this.#options.onGone();
  }

  #drop(): void {
    this.#messages = [];
    this.#queued = 0;
  }

  #disconnect(): void {
    this.#drop();
    if (!this.#gone) this.#options.tally.disconnected++;
    this.close(CLOSE.tryAgainLater, "Reading too slowly; reconnect with the last cursor");
  }
}
