/**
 * Turns the text of an event stream into the messages of a subscription.
 *
 * @module
 */

import { EventReader } from "./event_reader.ts";
import type { SubscriptionCallbacks } from "./update_sources.ts";

/** Passes the messages of one event stream to a subscription, and keeps its cursor. */
export class EventFeed {
  readonly #callbacks: SubscriptionCallbacks;
  readonly #reader = new EventReader();
  #position: string;
  #isClosed = false;

  /**
   * @param cursor the cursor that the stream resumes from
   * @param callbacks receive the messages
   */
  constructor(cursor: string, callbacks: SubscriptionCallbacks) {
    this.#position = cursor;
    this.#callbacks = callbacks;
  }

  /** The cursor of the last message. */
  get position(): string {
    return this.#position;
  }

  /**
   * Passes on the messages of the next part of the stream.
   *
   * @throws {SyntaxError} if an event is not valid JSON
   */
  push(text: string): void {
    if (this.#isClosed) return;
    this.#callbacks.onActivity();
    for (const message of this.#reader.push(text)) {
      if (this.#isClosed) return;
      if (message.type === "task_update" || message.type === "initial_state") {
        this.#position = message.cursor ?? this.#position;
      }
      this.#callbacks.onMessage(message);
    }
  }

  /** Notifies the subscription that it has missed no changes. */
  tellCurrent(): void {
    this.#callbacks.onMessage({ type: "task_update", cursor: this.#position, tasks: [], removed: [] });
  }

  /** Stops passing on messages. */
  close(): void {
    this.#isClosed = true;
  }
}
