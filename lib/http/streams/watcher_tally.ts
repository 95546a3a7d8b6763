/**
 * Counts the messages sent to the watchers of one transport, for the metrics.
 *
 * @module
 */

/** Counts since the start, shared by all watchers of a transport. */
export class WatcherTally {
  /** Watchers disconnected because they read too slowly. */
  disconnected = 0;
  messages = 0;
  /** Characters of the messages: nearly as many as bytes, and known without encoding them. */
  characters = 0;

  /** Counts a message. */
  sent(message: string): void {
    this.messages++;
    this.characters += message.length;
  }
}

/** A {@linkcode WatcherTally}, and the number of watchers now. */
export interface WatcherCounts extends Readonly<Omit<WatcherTally, "sent">> {
  readonly open: number;
}
