/**
 * Holds messages for a watcher back until the records in its first messages have been read from the store.
 *
 * @module
 */

import type { MessagesAt } from "./first_messages.ts";
import type { Text } from "./long_text.ts";
import type { Watcher } from "./watcher.ts";

/**
 * The maximum number of messages that are held back; beyond it, the watcher is disconnected and may resume. A
 * client publishes about 20 frames per second at most, so the limit allows for slow reads.
 */
const MOST_MESSAGES = 1_000;

/** A watcher whose first messages are being read. */
export class HeldWatcher implements Watcher {
  readonly #watcher: Watcher;
  /** The first messages, from when they are read until they are sent; otherwise `null`. */
  #first: MessagesAt | null = null;
  /** The cursor of the first messages, once they may be published. */
  #cursor: string | null = null;
  /** The messages that wait until the first messages are sent; `null` afterwards. */
  #held: Text[] | null = [];
  #isClosed = false;

  /**
   * @param watcher the watcher
   * @param first the first messages; if they cannot be read, the watcher is disconnected
   */
  constructor(watcher: Watcher, first: Promise<MessagesAt>) {
    this.#watcher = watcher;
    first.then((messages) => {
      this.#first = messages;
      this.#release();
    }, (error) => this.fail(error));
  }

  get saturated(): boolean {
    return this.#held !== null || this.#watcher.saturated;
  }

  /**
   * Allows the first messages to be sent, once their records have been read.
   *
   * @param cursor the position of the first messages
   */
  begin(cursor: string): void {
    this.#cursor = cursor;
    this.#release();
  }

  send(message: Text): void {
    if (this.#isClosed) return;
    if (this.#held === null) this.#watcher.send(message);
    else if (this.#held.push(message) > MOST_MESSAGES) {
      this.fail(new Error("Cannot watch tasks: too many changes were made while the tasks were read"));
    }
  }

  end(): void {
    this.#close();
    this.#watcher.end();
  }

  fail(error: unknown): void {
    this.#close();
    this.#watcher.fail(error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#first = null;
    this.#held = null;
  }

  #release(): void {
    if (this.#first === null || this.#cursor === null || this.#held === null) return;
    const messages = [...this.#first(this.#cursor), ...this.#held];
    this.#first = null;
    this.#held = null;
    for (const message of messages) this.#watcher.send(message);
  }
}
