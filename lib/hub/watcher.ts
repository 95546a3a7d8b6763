/**
 * The interface between the hub and a connection that watches.
 *
 * @module
 */

/** A connection that watches tasks. */
export interface Watcher {
  /** Whether so much is queued for it that it should skip this full state and get a newer one. */
  readonly saturated: boolean;
  /** Sends a message. Must not throw. */
  send(message: string): void;
  /** Closes the connection: the watched task has ended or was removed, or too many events were pending. */
  end(): void;
}

/** Whether each message holds the full state or only the changes. */
export type WatchMode = "full" | "delta";
