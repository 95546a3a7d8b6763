/**
 * Tells watchers what changed: serialises once per frame, the same text to everyone who wants the same.
 *
 * @module
 */

import type { TaskListener } from "./change_listeners.ts";
import { eventMessage } from "./event_messages.ts";
import { EventWatchers } from "./event_watchers.ts";
import { Feed } from "./feed.ts";
import { FullStates, type FullStatesOptions } from "./full_states.ts";
import { degradedMessage, taskMessage } from "./messages.ts";
import { type Opening, Openings } from "./openings.ts";
import { PublishQueue } from "./publish_queue.ts";
import type { Watcher, WatchMode } from "./watcher.ts";
import type { Cursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";
import type { RegistryEvent } from "../registry/registry_types.ts";
import type { Degradation, StoredTask } from "../store/store.ts";
import { isFinal } from "../task/task.ts";

export type { Watcher, WatchMode } from "./watcher.ts";

/** How a {@linkcode Hub} paces its frames. */
export interface HubOptions extends FullStatesOptions {
  /** Least time between two frames of one client's tasks, in milliseconds; the first after a pause leaves at once. */
  readonly frameIntervalMs: number;
  /**
   * Characters of events of one client that may wait to be shown; of more, who watches events is cut.
   *
   * @default {Infinity}
   */
  readonly pendingEventCharacters?: number;
}

/** Stands between the registry and the watchers. What nobody watches costs one look-up a change. */
export class Hub implements Disposable {
  readonly #registry: Registry;
  readonly #options: HubOptions;
  readonly #queue: PublishQueue;
  readonly #openings: Openings;
  readonly #feeds: Map<string, Feed> = new Map();
  readonly #unsubscribe: readonly (() => void)[];

  /**
   * @param registry what is watched
   * @param options how to pace
   */
  constructor(registry: Registry, options: HubOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#queue = new PublishQueue(registry);
    this.#openings = new Openings(registry);
    this.#unsubscribe = [
      registry.subscribe((event) => this.#changed(event)),
      registry.onDegradation((degradation) => this.#degradationChanged(degradation)),
    ];
  }

  /**
   * Watches all tasks of a client: sends the state, or what a position misses, and then every change.
   *
   * @param client the client token
   * @param watcher who watches
   * @param mode whether each message is to hold everything, or what changed
   * @param after the last position that the watcher has seen
   * @returns a function that ends it
   */
  watch(client: string, watcher: Watcher, mode: WatchMode, after: Cursor | null): () => void {
    const feed = this.#framedFeed(client);
    const opening = mode === "full"
      ? this.#openings.state(feed.full)
      : this.#openings.delta(client, feed.full, after);
    const watchers = mode === "full" ? feed.full : feed.deltas;
    watchers.add(watcher);
    this.#open(watcher, opening, () => watchers.has(watcher));
    return () => this.#unwatch(client, feed, () => watchers.delete(watcher));
  }

  /**
   * Watches one task: sends its record and then every change, until it has ended.
   *
   * @param client the client token
   * @param stored the task
   * @param watcher who watches
   * @returns a function that ends it
   */
  watchTask(client: string, stored: StoredTask, watcher: Watcher): () => void {
    const { id, state } = stored.task;
    const message = taskMessage("initial_state", stored);
    if (isFinal(state)) return this.#watchEnded(watcher, () => [message]);
    const feed = this.#framedFeed(client);
    const watchers = feed.tasks.add(id, watcher);
    this.#open(watcher, () => [message], () => watchers.has(watcher));
    return () => this.#unwatch(client, feed, () => feed.tasks.delete(id, watchers, watcher));
  }

  /**
   * Watches what happens to all tasks of a client: sends the state, or by state what a position misses, and then every
   * event, in the form of server-sent events. No change of a state and no line of a log is left out; of other changes,
   * the newest wins.
   *
   * @param client the client token
   * @param watcher who watches
   * @param after the last position that the watcher has seen
   * @returns a function that ends it
   */
  watchEvents(client: string, watcher: Watcher, after: Cursor | null): () => void {
    const feed = this.#framedFeed(client);
    return this.#watchEvents(client, feed, null, watcher, this.#openings.events(client, feed.full, after));
  }

  /**
   * Watches what happens to one task, as {@linkcode Hub.watchEvents} does, until it has ended.
   *
   * @param client the client token
   * @param stored the task
   * @param watcher who watches
   * @param after the last position that the watcher has seen
   * @returns a function that ends it
   */
  watchTaskEvents(client: string, stored: StoredTask, watcher: Watcher, after: Cursor | null): () => void {
    const opening = this.#openings.taskEvents(client, stored, after);
    const { id, state } = stored.task;
    if (isFinal(state)) return this.#watchEnded(watcher, opening);
    return this.#watchEvents(client, this.#framedFeed(client), id, watcher, opening);
  }

  /**
   * Calls somebody with each frame of a client's changes, once it may be shown.
   *
   * @param client the client token
   * @param listener must not throw
   * @returns a function that ends it
   */
  onFrame(client: string, listener: () => void): () => void {
    const feed = this.#framedFeed(client);
    const end = feed.listeners.onFrame(listener);
    return () => this.#unwatch(client, feed, end);
  }

  /**
   * Calls somebody with each change of one task while it is made, be it to be shown yet or not.
   *
   * @param client the client token
   * @param id the task's id
   * @param listener must not throw, and must not change tasks
   * @returns a function that ends it
   */
  onTask(client: string, id: string, listener: TaskListener): () => void {
    const feed = this.#feedOf(client);
    const end = feed.listeners.onTask(id, listener);
    return () => this.#unwatch(client, feed, end);
  }

  /** Sends what is pending now, however soon after the last frame; resolves when it is sent. */
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
    opening: Opening,
  ): () => void {
    const watchers = feed.events.add(id, watcher, this.#registry.cursor.seq);
    this.#open(watcher, opening, () => watchers.has(watcher));
    return () => this.#unwatch(client, feed, () => feed.events.delete(id, watchers, watcher));
  }

  /** Sends a new watcher what it is to see first, unless it has left before that may be shown. */
  #open(watcher: Watcher, opening: Opening, isThere: () => boolean): void {
    this.#queue.add((cursor) => {
      if (isThere()) opening(cursor).forEach((message) => watcher.send(message));
    });
  }

  #watchEnded(watcher: Watcher, opening: Opening): () => void {
    let isThere = true;
    this.#open(watcher, opening, () => isThere);
    this.#queue.add(() => isThere && watcher.end());
    return () => {
      isThere = false;
    };
  }

  #degradationChanged(degradation: Degradation | null): void {
    const message = degradedMessage(degradation);
    const event = eventMessage("degraded", message);
    for (const { deltas, events } of this.#feeds.values()) {
      // Not before an opening that waits.
      this.#queue.add(deltas.broadcast(() => message));
      this.#queue.add(events.broadcast(event));
    }
  }

  /** What is still to be framed is in what a new watcher is sent first, so the others get it before. */
  #framedFeed(client: string): Feed {
    this.#frame(client, this.#feedOf(client));
    // Another one, where that was all that the last watchers had to be told.
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
    // Who waited for this very change has left.
    if (feed.isUnwatched) return this.#dropUnwatched(client, feed);
    feed.isScheduled = true;
    const waitMs = feed.framedMs + this.#options.frameIntervalMs - Date.now();
    // Once this turn is over; also where a clock was set back, which must not hold frames up.
    if (waitMs <= 0 || waitMs > this.#options.frameIntervalMs) {
      queueMicrotask(() => this.#frame(client, feed));
    } else {
      feed.timer = setTimeout(() => this.#frame(client, feed), waitMs);
    }
  }

  #frame(client: string, feed: Feed): void {
    clearTimeout(feed.timer);
    feed.timer = undefined;
    feed.isScheduled = false;
    // One frame waits at most; what changes meanwhile is in the next one.
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
