/**
 * Keeps the state of one subscription to a source of updates.
 *
 * @module
 */

import type { ServerMessage } from "../../lib/task/wire.ts";
import type { Subscription } from "./update_sources.ts";

/** The state of one subscription, from opening to end. */
export interface ActiveSubscription {
  /** The index of the subscription's source in the list of sources. */
  readonly level: number;
  subscription: Subscription | undefined;
  /** When the first data arrived; `undefined` if none has arrived yet. */
  firstActivityAt: number | undefined;
  /** Whether the missed changes, the announcement of a shutdown, and the storage state have arrived. */
  isCurrent: boolean;
  isClosing: boolean;
  hasStorageState: boolean;
  /** Whether the subscription was given up because no data arrived over it. */
  isSilent: boolean;
  /** The messages that arrived while the subscription was on trial, before it was adopted. */
  buffered: ServerMessage[];
  /** Ends the subscription if the missed changes do not arrive in time. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Returns the state of a subscription that is about to be opened to the source at an index. */
export function pendingSubscription(level: number): ActiveSubscription {
  return {
    level,
    subscription: undefined,
    firstActivityAt: undefined,
    isCurrent: false,
    isClosing: false,
    hasStorageState: false,
    isSilent: false,
    buffered: [],
    timer: undefined,
  };
}

/** Closes a subscription and clears its timer. */
export function release({ subscription, timer }: ActiveSubscription): void {
  clearTimeout(timer);
  subscription?.close();
}
