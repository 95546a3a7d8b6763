/**
 * Fans changes out to watchers; each frame is serialised once per kind of watcher.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import type { TaskListener } from "./change_listeners.ts";
import { eventMessage } from "./event_messages.ts";
import { EventWatchers } from "./event_watchers.ts";
import { Feed } from "./feed.ts";
import { FullStates, type FullStatesOptions } from "./full_states.ts";
import { degradedMessage, taskMessage } from "./messages.ts";
import { FirstMessages, type MessagesAt } from "./first_messages.ts";
import { HeldWatcher } from "./held_watcher.ts";
import { PublishQueue } from "./publish_queue.ts";
import type { Watcher, WatchMode } from "./watcher.ts";
import type { Cursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";
import type { RegistryEvent } from "../registry/registry_types.ts";
import type { Degradation, TaskRecord } from "../store/store.ts";
import { isFinal } from "../task/task.ts";

export type { Watcher, WatchMode } from "./watcher.ts";

/** Options of a {@linkcode Hub}: how frames are throttled. */
export interface HubOptions extends FullStatesOptions {
  /**
   * The minimum time between two frames of one client, in milliseconds. The first frame after a pause is sent
   * at once.
   */
  readonly frameIntervalMs: number;
  /**
   * The maximum number of characters of one client's events that may be buffered; beyond it, watchers of
   * events are disconnected.
   *
   * @default {Infinity}
   */
  readonly pendingEventCharacters?: number;
}

/**
 * The interface of a {@linkcode Hub} for the API: a hub of all clients, or several hubs of some clients each.
 */
export type TaskHub = Omit<Hub, typeof Symbol.dispose>;

/** Sends the changes of the registry to watchers. A change without watchers costs one map lookup. */
export class Hub implements Disposable {
  readonly #registry: Registry;
  readonly #options: HubOptions;
  readonly #queue: PublishQueue;
  readonly #first: FirstMessages;
  readonly #feeds: Map<string, Feed> = new Map();
  readonly #unsubscribe: readonly (() => void)[];

  /**
   * @param registry the source of changes
   * @param options the throttles
   */
  constructor(registry: Registry, options: HubOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#queue = new PublishQueue(registry);
    this.#first = new FirstMessages(registry);
    this.#unsubscribe = [
      registry.subscribe((event) => this.#changed(event)),
      registry.onDegradation((degradation) => this.#degradationChanged(degradation)),
    ];
  }

  /**
   * Adds a watcher of all tasks of a client, which receives the state, or the changes since a position, and
   * then every change.
   *
   * @param client the client token
   * @param watcher the connection that receives the messages
   * @param mode whether each message holds the full state or only the changes
   * @param after the last position that the watcher has received; `null` if it has none
   * @returns a function that removes the watcher
   */
  watch(client: string, watcher: Watcher, mode: WatchMode, after: Cursor | null): () => void {
    const feed = this.#framedFeed(client);
    const first = mode === "full"
      ? this.#first.state(feed.full)
      : this.#first.delta(client, feed.full, after);
    const watchers = mode === "full" ? feed.full : feed.deltas;
    const { registered, begin } = openingOf(watcher, first);
    watchers.add(registered);
    this.#open(begin, () => watchers.has(registered));
    return () => this.#unwatch(client, feed, () => watchers.delete(registered));
  }

  /**
   * Adds a watcher of one task, which receives the task's record and then every change, until the task has
   * ended.
   *
   * @param client the client token
   * @param stored the task
   * @param watcher the connection that receives the messages
   * @returns a function that removes the watcher
   */
  watchTask(client: string, stored: TaskRecord, watcher: Watcher): () => void {
    const { id, state } = stored.summary;
    const first = alwaysOne(taskMessage("initial_state", stored));
    if (isFinal(state)) return this.#watchEnded(watcher, first);
    const feed = this.#framedFeed(client);
    const watchers = feed.tasks.add(id, watcher);
    this.#open(openingOf(watcher, first).begin, () => watchers.has(watcher));
    return () => this.#unwatch(client, feed, () => feed.tasks.delete(id, watchers, watcher));
  }

  /**
   * Adds a watcher of the events of all tasks of a client, which receives the state, or the current record of
   * each task that changed since a position, and then every event, as server-sent events. Changes of state
   * and log lines are never dropped; other changes are coalesced.
   *
   * @param client the client token
   * @param watcher the connection that receives the messages
   * @param after the last position that the watcher has received; `null` if it has none
   * @returns a function that removes the watcher
   */
  watchEvents(client: string, watcher: Watcher, after: Cursor | null): () => void {
    const feed = this.#framedFeed(client);
    return this.#watchEvents(client, feed, null, watcher, this.#first.events(client, feed.full, after));
  }

  /**
   * Adds a watcher of the events of one task, like {@linkcode Hub.watchEvents}, until the task has ended.
   *
   * @param client the client token
   * @param stored the task
   * @param watcher the connection that receives the messages
   * @param after the last position that the watcher has received; `null` if it has none
   * @returns a function that removes the watcher
   */
  watchTaskEvents(client: string, stored: TaskRecord, watcher: Watcher, after: Cursor | null): () => void {
    const first = this.#first.taskEvents(client, stored, after);
    const { id, state } = stored.summary;
    if (isFinal(state)) return this.#watchEnded(watcher, first);
    return this.#watchEvents(client, this.#framedFeed(client), id, watcher, first);
  }

  /**
   * Adds a listener that is called, without arguments, whenever a frame of a client's changes is published.
   *
   * @param client the client token
   * @param listener the callback, which must not throw
   * @returns a function that removes the listener
   */
  onFrame(client: string, listener: () => void): () => void {
    const feed = this.#framedFeed(client);
    const end = feed.listeners.onFrame(listener);
    return () => this.#unwatch(client, feed, end);
  }

  /**
   * Adds a listener that is called synchronously after each change of one task, before the change is
   * committed.
   *
   * @param client the client token
   * @param id the task's id
   * @param listener the callback, which must not throw or change tasks
   * @returns a function that removes the listener
   */
  onTask(client: string, id: string, listener: TaskListener): () => void {
    const feed = this.#feedOf(client);
    const end = feed.listeners.onTask(id, listener);
    return () => this.#unwatch(client, feed, end);
  }

  /** Sends all pending changes immediately, regardless of throttles; resolves when they are published. */
  async flush(): Promise<void> {
    do {
      for (const [client, feed] of this.#feeds) {
        this.#frame(client, feed);
        feed.full.frameNow();
      }
      await this.#queue.whenPublished;
    } while ([...this.#feeds.values()].some((feed) => feed.hasNews));
  }

  [Symbol.dispose](): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#queue[Symbol.dispose]();
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
  }

  #watchEvents(
    client: string,
    feed: Feed,
    id: string | null,
    watcher: Watcher,
    first: MaybePromise<MessagesAt>,
  ): () => void {
    const { registered, begin } = openingOf(watcher, first);
    const watchers = feed.events.add(id, registered, this.#registry.cursor.seq);
    this.#open(begin, () => watchers.has(registered));
    return () => this.#unwatch(client, feed, () => feed.events.delete(id, watchers, registered));
  }

  /**
   * Queues the first messages of a new watcher, which are dropped if the watcher is removed before they are
   * published. Only the queue may hold `begin`, which holds the first messages. If the function that removes the
   * watcher held it, too, every watcher would keep a whole state in memory for as long as it watches.
   */
  #open(begin: Opening["begin"], isWatching: () => boolean): void {
    this.#queue.add((cursor) => {
      if (isWatching()) begin(cursor);
    });
  }

  #watchEnded(watcher: Watcher, first: MessagesAt): () => void {
    let isWatching = true;
    this.#open(openingOf(watcher, first).begin, () => isWatching);
    this.#queue.add(() => isWatching && watcher.end());
    return () => {
      isWatching = false;
    };
  }

  #degradationChanged(degradation: Degradation | null): void {
    const message = degradedMessage(degradation);
    const event = eventMessage("degraded", message);
    for (const { deltas, events } of this.#feeds.values()) {
      // The message goes through the queue, so that a new watcher gets its first messages before this
      // message.
      this.#queue.add(deltas.broadcast(() => message));
      this.#queue.add(events.broadcast(event));
    }
  }

  /**
   * Returns a client's feed after framing the pending changes for its current watchers, because the first
   * messages of a new watcher already include these changes.
   */
  #framedFeed(client: string): Feed {
    this.#frame(client, this.#feedOf(client));
    // Framing may have dropped this feed; look it up again.
    return this.#feedOf(client);
  }

  #feedOf(client: string): Feed {
    let feed = this.#feeds.get(client);
    if (feed === undefined) {
      const full = new FullStates(this.#registry, client, this.#queue, this.#options);
      feed = new Feed(full, new EventWatchers(this.#options.pendingEventCharacters ?? Infinity));
      this.#feeds.set(client, feed);
    }
    return feed;
  }

  #unwatch(client: string, feed: Feed, remove: () => void): void {
    remove();
    this.#dropUnwatched(client, feed);
  }

  #dropUnwatched(client: string, feed: Feed): void {
    if (!feed.isUnwatched || this.#feeds.get(client) !== feed) return;
    feed.stop();
    this.#feeds.delete(client);
  }

  #changed(event: RegistryEvent): void {
    const feed = this.#feeds.get(event.client);
    if (feed === undefined) return;
    feed.note(event);
    this.#schedule(event.client, feed);
  }

  #schedule(client: string, feed: Feed): void {
    if (feed.isScheduled) return;
    // A listener may have been removed during this change.
    if (feed.isUnwatched) return this.#dropUnwatched(client, feed);
    feed.isScheduled = true;
    const waitMs = feed.framedMs + this.#options.frameIntervalMs - monotonicMs();
    // A frame that is due is made at the end of the turn of the event loop.
    if (waitMs <= 0) {
      queueMicrotask(() => this.#frame(client, feed));
    } else {
      feed.timer = setTimeout(() => this.#frame(client, feed), waitMs);
    }
  }

  #frame(client: string, feed: Feed): void {
    clearTimeout(feed.timer);
    feed.timer = undefined;
    feed.isScheduled = false;
    // At most one frame waits to be published; later changes go into the next frame.
    if (feed.isHeld || !feed.hasNews || this.#feeds.get(client) !== feed) return;
    const frames = feed.takeFrames();
    feed.isHeld = true;
    this.#queue.add((cursor) => {
      feed.isHeld = false;
      for (const publish of frames) publish(cursor);
      feed.full.frame();
      if (feed.hasNews) this.#schedule(client, feed);
      this.#dropUnwatched(client, feed);
    });
  }
}

/** A new watcher that has not received its first messages yet. */
interface Opening {
  /** The watcher to register. */
  readonly registered: Watcher;
  /** Sends the first messages, once their records have been read. */
  readonly begin: (cursor: string) => void;
}

function openingOf(watcher: Watcher, first: MaybePromise<MessagesAt>): Opening {
  if (first instanceof Promise) {
    const held = new HeldWatcher(watcher, first);
    return { registered: held, begin: (cursor) => held.begin(cursor) };
  }
  const begin = (cursor: string) => first(cursor).forEach((message) => watcher.send(message));
  return { registered: watcher, begin };
}

/** Returns first messages that consist of a single message, whatever the cursor is. */
function alwaysOne(message: string): MessagesAt {
  return () => [message];
}
