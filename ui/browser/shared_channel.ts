/**
 * The channel between tabs that share one event stream, and its messages.
 *
 * @module
 */

import type { SubscriptionEnd } from "./update_sources.ts";

/** A message from a subscription to the leader. */
export type MemberMessage =
  /**
   * A subscription asks the leader for its events. The subscription holds a lock that is named after its id until it
   * ends.
   */
  | { readonly type: "join"; readonly id: string; readonly watch: string; readonly cursor: string }
  /** A subscription asks whether the leader is alive. */
  | { readonly type: "ping" };

/** A message from the leader to the subscriptions. */
export type LeaderMessage =
  /** A tab has become the leader, so every subscription must join again. */
  | { readonly type: "lead" }
  /** The leader is alive. */
  | { readonly type: "pong" }
  /** A part of the event stream, for some subscriptions. */
  | { readonly type: "text"; readonly ids: readonly string[]; readonly text: string }
  /** There will be no more events for some subscriptions. */
  | { readonly type: "end"; readonly ids: readonly string[]; readonly end: SharedEnd };

/** A message from the leader with the fields that every sent message has. */
export type SentByLeader = LeaderMessage & {
  readonly leader: string;
  /** The number of this message among those of the leader, so that every tab detects a gap. */
  readonly count: number;
};

/** The reason why there will be no more events for a subscription. */
export interface SharedEnd {
  /** The status of the subscription's stream; 0 if the connection was lost. */
  readonly status: number;
  /** Why the subscription ends, unless the status says that it is complete. */
  readonly why: SubscriptionEnd;
}

/** The reason for the end of subscriptions whose connection was lost. */
export const CONNECTION_LOST: SharedEnd = { status: 0, why: "lost" };

/**
 * A channel to the other tabs of this origin, and to other objects of this class in this tab. Messages to a tab that is
 * not running may be dropped: Chromium drops them while a debugger has paused the tab.
 */
export class SharedChannel {
  readonly #channel: BroadcastChannel;

  /**
   * @param name the name of the channel
   * @param receive receives the messages of others
   */
  constructor(name: string, receive: (message: MemberMessage | SentByLeader) => void) {
    this.#channel = new BroadcastChannel(name);
    // Messages are trusted: only pages of this origin can send them, and such pages can do everything that this page
    // can.
    this.#channel.onmessage = ({ data }) => receive(data as MemberMessage | SentByLeader);
  }

  /** Sends a message; has no effect on a closed channel. */
  send(message: MemberMessage | SentByLeader): void {
    try {
      this.#channel.postMessage(message);
    } catch {
      // The channel is closed.
    }
  }

  /** Stops sending and receiving. */
  close(): void {
    this.#channel.onmessage = null;
    this.#channel.close();
  }
}

/** Returns whether tabs can share a stream: locks exist only in secure contexts. */
export function canShare(): boolean {
  return typeof BroadcastChannel === "function" && navigator.locks !== undefined;
}

/** The name of the lock that a subscription holds until it ends, even if its tab crashes. */
export function memberLock(channel: string, id: string): string {
  return `${channel} ${id}`;
}
