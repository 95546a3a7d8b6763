/**
 * Whoever watches, as the hub sees it.
 *
 * @module
 */

/** Somebody who watches. */
export interface Watcher {
  /** Whether so much is still on its way that a full state had better wait for the next, newer one. */
  readonly saturated: boolean;
  /** Takes a message. Must not throw. */
  send(message: string): void;
  /** Nothing will follow: the watched task has ended, or is gone; or more has happened than can be told. */
  end(): void;
}

/** What a watcher wants to see. */
export type WatchMode = "full" | "delta";
