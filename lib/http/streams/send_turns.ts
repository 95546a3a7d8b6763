/**
 * Spreads the messages that many sockets send at the same time over several turns of the event loop.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** The number of characters that are sent in one turn of the event loop. */
const TURN_CHARACTERS = 1024 * 1024;

/** A socket that has messages to send. */
export interface Sender {
  /** Sends the next waiting message, and returns its length in characters; returns 0 if no message waits. */
  readonly sendNext: () => number;
}

/**
 * Lets sockets send one after another: up to {@linkcode TURN_CHARACTERS} in one turn of the event loop, the
 * rest in the next turns. Deno copies a message for each socket, and writes the copies in a later turn.
 * Without these turns, a message of 83 KB to 1,600 sockets takes 133 MB, although all peers read it.
 */
export class SendTurns {
  /** The senders of the waiting messages, oldest message first. */
  readonly #waiting: Sender[] = [];
  #characters = 0;
  #isScheduled = false;

  /**
   * Returns whether a message may be sent at once: if no other message waits and the limit of this turn is
   * not reached. The message then counts as sent. If the result is `false`, call {@linkcode SendTurns.add}
   * with the sender.
   *
   * @param characters the length of the message, in characters
   */
  takeNow(characters: number): boolean {
    if (this.#waiting.length > 0 || this.#characters >= TURN_CHARACTERS) return false;
    this.#characters += characters;
    this.#schedule();
    return true;
  }

  /**
   * Calls `sendNext` of a sender once: at once if no other sender waits and the limit of this turn is not
   * reached, otherwise in a later turn.
   */
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
