/**
 * Spreads what many sockets send at the same time over several turns of the event loop.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** How much is sent in one turn, in characters. */
const TURN_CHARACTERS = 1024 * 1024;

/** A socket that has messages to send. */
export interface Sender {
  /** Sends the next message, if one waits; returns its length in characters. */
  readonly sendNext: () => number;
}

/**
 * Lets sockets send one after another, until enough is sent in a turn of the event loop, and the others in the next ones. Deno
 * copies a message for each socket, and writes it in a later turn: sent at once, a message of 83 KB takes 133 MB for 1,600
 * sockets, although the peers read all of it.
 */
export class SendTurns {
  /** The senders of the messages that wait, the oldest first. */
  readonly #waiting: Sender[] = [];
  #characters = 0;
  #isScheduled = false;

  /**
   * Returns whether a message may be sent at once, because no other one waits and not enough is sent in this turn; it counts
   * as sent then. Otherwise, {@linkcode SendTurns.add} its sender.
   *
   * @param characters the length of the message
   */
  takeNow(characters: number): boolean {
    if (this.#waiting.length > 0 || this.#characters >= TURN_CHARACTERS) return false;
    this.#characters += characters;
    this.#schedule();
    return true;
  }

  /** Calls a sender once: at once if no other one waits and not enough is sent in this turn, otherwise in a later turn. */
  add(sender: Sender): void {
    this.#waiting.push(sender);
    this.#send();
  }

  #send(): void {
    while (this.#characters < TURN_CHARACTERS && this.#waiting.length > 0) {
      this.#characters += this.#waiting.shift()!.sendNext();
    }
    if (this.#characters > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#characters = 0;
      this.#send();
    });
  }
}
