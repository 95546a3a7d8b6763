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

/** The maximum time that a watcher may read nothing while a full state waits for it, in milliseconds. */
const STUCK_MS = 30_000;

/** What a {@linkcode SocketWatcher} shares with others, and calls. */
export interface SocketWatcherOptions {
  /** Called once, when the watcher is removed. */
  readonly onGone: () => void;
  /** Counts the bytes that wait to be sent to the watcher; returns `false` if they are too many. */
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
  /** The messages that wait for their turn. */
  #messages: Text[] = [];
  /** Their length in characters. */
  #queued = 0;
  #saturatedMs = 0;
  #isOpen = false;
  #gone = false;

  /**
   * @param socket the socket
   * @param queueBytes the maximum number of bytes that may wait for the peer
   * @param options what the watcher shares with others, and calls
   */
  constructor(socket: WebSocket, queueBytes: number, options: SocketWatcherOptions) {
    this.#socket = socket;
    this.#queueBytes = queueBytes;
    this.#options = options;
  }

  get saturated(): boolean {
    // While part of the previous full state is still buffered, the next one would only queue up behind it.
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
   * Allows messages to be sent. The state of the socket could tell that, too, but reading it takes a seventh of the time of
   * {@linkcode SocketWatcher.sendNext}. A socket that its peer is closing ignores messages.
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
    this.#messages.push(message);
    this.#queued += message.length;
    this.#options.turns.add(this);
  }

  sendNext(): number {
    const message = this.#messages.shift();
    if (message === undefined) return 0;
    this.#queued -= message.length;
    this.#send(message);
    return message.length;
  }

  #send(message: Text): void {
    const { reserve, tally } = this.#options;
    const waiting = this.#socket.bufferedAmount;
    if (waiting > this.#queueBytes || !reserve(waiting + message.length)) return this.#disconnect();
    this.#socket.send(message.toString());
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
   * Closes the socket, and stops counting its watcher at once, because the peer's confirmation may take long
   * or never come.
   */
  close(code: number, reason: string): void {
    if (this.#gone) return;
    while (this.#messages.length > 0) this.sendNext();
    this.gone();
    // Deno never closes a socket that is told to before it opens.
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
