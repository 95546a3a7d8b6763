/**
 * The interface of a watcher, through which the hub sends messages to a connection.
 *
 * @module
 */

import type { Text } from "./long_text.ts";

/** A connection that watches tasks. */
export interface Watcher {
  /**
   * Whether so much data is queued for the watcher that it should skip this full state and get a newer state
   * later.
   */
  readonly saturated: boolean;
  /** Sends a message. Must not throw. */
  send(message: Text): void;
  /**
   * Closes the connection, because the watched task has ended or was removed, or too many events were
   * pending.
   */
  end(): void;
  /** Closes the connection, because the tasks cannot be read; the peer may connect again. */
  fail(error: unknown): void;
}

/** Whether each message holds the full state or only the changes. */
export type WatchMode = "full" | "delta";
