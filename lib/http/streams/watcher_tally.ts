/**
 * What the watchers of one transport were sent, for who sees to the server.
 *
 * @module
 */

/** Counts since the start. One for all watchers of a transport, as there are too many to ask each. */
export class WatcherTally {
  /** Watchers that were cut, as they were slow. */
  cut = 0;
  messages = 0;
  /** Characters of the messages: of most as many as bytes, and known without encoding them. */
  characters = 0;

  /** Counts a message. */
  sent(message: string): void {
    this.messages++;
    this.characters += message.length;
  }
}

/** A {@linkcode WatcherTally}, and how many watch now. */
export interface WatcherCounts extends Readonly<Omit<WatcherTally, "sent">> {
  readonly open: number;
}
