/**
 * Creates the first messages for a new watcher: the full state, or the changes that it missed since its last
 * connection.
 *
 * @module
 */

import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { Cursor } from "../task/cursor.ts";
import type { RegistryReader } from "../registry/registry_reader.ts";
import type { ChangesSince, TaskRecord } from "../store/store.ts";
import { NOTHING_MISSED } from "../task/wire.ts";
import { EventFrame, eventMessage, type MissedChanges, missedEvents } from "./event_messages.ts";
import type { FullStates } from "./full_states.ts";
import { enclosed, type Text } from "./long_text.ts";
import { degradedMessage, deltaMessage, deltaOf, RESYNC_MESSAGE, taskMessage } from "./messages.ts";

/**
 * A function that returns the messages for a watcher, given the cursor. The records in the messages have
 * already been read, because records on disk may be removed before the messages are sent.
 */
export type MessagesAt = (cursor: string) => Text[];

/** Creates the first messages for new watchers, and for watchers that resume from a cursor. */
export class FirstMessages {
  readonly #registry: RegistryReader;

  /** @param registry the source of the tasks */
  constructor(registry: RegistryReader) {
    this.#registry = registry;
  }

  /** Returns the first messages for a watcher of full states. */
  state(full: FullStates): MaybePromise<MessagesAt> {
    return andThen(full.envelope, (envelope) => (cursor) => [full.firstMessage(envelope, cursor)]);
  }

  /** Returns the first messages for a watcher of changes. */
  delta(client: string, full: FullStates, after: Cursor | null): MaybePromise<MessagesAt> {
    const missed = this.#missed(client, after);
    const news = this.#degradation();
    if (missed !== undefined) {
      return andThen(this.#read(missed), ({ tasks, removed }) => {
        const delta = deltaOf(tasks, removed.map((gone) => gone.id));
        return (cursor) => [deltaMessage(cursor, delta), ...news];
      });
    }
    const resync = after === null ? [] : [RESYNC_MESSAGE];
    return andThen(this.state(full), (state) => (cursor) => [...resync, ...state(cursor), ...news]);
  }

  /** Returns the first message for a watcher of all events, as a list of one. */
  events(client: string, full: FullStates, after: Cursor | null): MaybePromise<MessagesAt> {
    const missed = this.#missed(client, after);
    const news = this.#degradedEvent();
    if (missed !== undefined) return andThen(this.#read(missed), (changes) => missedMessages(changes, news));
    return andThen(full.envelope, (envelope) => (cursor) => {
      const state = full.firstMessage(envelope, cursor);
      return [enclosed(resync(after), eventMessage("initial_state", state, cursor), news)];
    });
  }

  /** Returns the first message for a watcher of one task's events, as a list of one. */
  taskEvents(client: string, stored: TaskRecord, after: Cursor | null): MessagesAt {
    const missed = this.#missed(client, after);
    const news = this.#degradedEvent();
    if (missed === undefined) {
      const state = taskMessage("initial_state", stored);
      return (cursor) => [resync(after) + eventMessage("initial_state", state, cursor) + news];
    }
    const isIt = ({ id }: { readonly id: string }) => id === stored.id;
    const tasks = missed.tasks.some(isIt) ? [stored] : [];
    return missedMessages({ tasks, removed: missed.removed.filter(isIt) }, news);
  }

  #read({ tasks, removed }: ChangesSince): MaybePromise<MissedChanges> {
    return andThen(this.#registry.records(tasks), (records) => ({ tasks: records, removed }));
  }

  #missed(client: string, after: Cursor | null): ChangesSince | undefined {
    return after === null ? undefined : this.#registry.changesSince(client, after);
  }

  #degradedEvent(): string {
    return this.#degradation().map((message) => eventMessage("degraded", message)).join("");
  }

  #degradation(): string[] {
    const { degradation } = this.#registry;
    return degradation === null ? [] : [degradedMessage(degradation)];
  }
}

function missedMessages(missed: MissedChanges, news: string): MessagesAt {
  const frame = new EventFrame(missedEvents(missed));
  return (cursor) => [(frame.text(cursor, 0) || `${NOTHING_MISSED}\n\n`) + news];
}

function resync(after: Cursor | null): string {
  return after === null ? "" : eventMessage("resync", RESYNC_MESSAGE);
}
