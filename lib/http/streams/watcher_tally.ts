/**
 * Counts the messages sent to the watchers of one transport, for the metrics.
 *
 * @module
 */

import type { Text } from "../../hub/long_text.ts";

/** The counts of all watchers of one transport since the server started. */
export class WatcherTally {
  /** The number of watchers that were disconnected because they read too slowly. */
  disconnected = 0;
  messages = 0;
  /**
   * The number of characters of the messages, which is close to the number of bytes, but known without
   * encoding the messages.
   */
  characters = 0;

  /** Counts a message. */
  sent(message: Text): void {
    this.messages++;
    this.characters += message.length;
  }
}

/** The counts of a {@linkcode WatcherTally}, and the current number of watchers. */
export interface WatcherCounts extends Readonly<Omit<WatcherTally, "sent">> {
  readonly open: number;
}
