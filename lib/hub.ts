/**
 * Tells watchers what changed: serialises once per frame, the same text to everyone who wants the same.
 *
 * @module
 */

import { Feed } from "./hub/feed.ts";
import { FullStates, type FullStatesOptions } from "./hub/full_states.ts";
import {
  deltaMessage,
  deltaOf,
  fullMessage,
  RESYNC_MESSAGE,
  taskMessage,
  troubleMessage,
} from "./hub/messages.ts";
import { ShowQueue } from "./hub/show_queue.ts";
import type { Watcher, WatchMode } from "./hub/watcher.ts";
import type { Cursor } from "./protocol.ts";
import type { Registry } from "./registry.ts";
import type { RegistryEvent } from "./registry_types.ts";
import type { StorageTrouble, StoredTask } from "./store/store.ts";
import { isTerminal } from "./task.ts";

export type { Watcher, WatchMode } from "./hub/watcher.ts";

/** How a {@linkcode Hub} paces its frames. */
export interface HubOptions extends FullStatesOptions {
  /** Least time between two frames of one client's tasks, in milliseconds; the first after a pause leaves at once. */
  readonly frameIntervalMs: number;
}

/** Stands between the registry and the watchers. What nobody watches costs one look-up a change. */
export class Hub implements Disposable {
  readonly #registry: Registry;
  readonly #options: HubOptions;
  readonly #queue: ShowQueue;
  readonly #feeds: Map<string, Feed> = new Map();
  readonly #unsubscribe: readonly (() => void)[];

  /**
   * @param registry what is watched
   * @param options how to pace
   */
  constructor(registry: Registry, options: HubOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#queue = new ShowQueue(registry);
    this.#unsubscribe = [
      registry.subscribe((event) => this.#changed(event)),
      registry.onTrouble((trouble) => this.#troubled(trouble)),
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
    const opening = mode === "full" ? this.#stateOpening(feed) : this.#deltaOpening(client, feed, after);
    const watchers = mode === "full" ? feed.full : feed.deltas;
    watchers.add(watcher);
    this.#queue.add((cursor) => {
      if (watchers.has(watcher)) opening(cursor).forEach((message) => watcher.send(message));
    });
    return () => this.#leave(client, feed, () => watchers.delete(watcher));
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
    const opening = taskMessage("initial_state", stored);
    if (isTerminal(state)) {
      let hasLeft = false;
      this.#queue.add(() => {
        if (hasLeft) return;
        watcher.send(opening);
        watcher.end();
      });
      return () => {
        hasLeft = true;
      };
    }
    const feed = this.#framedFeed(client);
    const watchers = feed.tasks.add(id, watcher);
    this.#queue.add(() => watchers.has(watcher) && watcher.send(opening));
    return () => this.#leave(client, feed, () => feed.tasks.delete(id, watchers, watcher));
  }

  /** Sends what is pending now, however soon after the last frame; resolves when it is sent. */
  async flush(): Promise<void> {
    do {
      for (const [client, feed] of this.#feeds) {
        this.#frame(client, feed);
        feed.full.frameNow();
      }
      await this.#queue.whenShown;
    } while ([...this.#feeds.values()].some((feed) => feed.hasNews));
  }

  [Symbol.dispose](): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#queue[Symbol.dispose]();
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
  }

  #troubled(trouble: StorageTrouble | null): void {
    const message = troubleMessage(trouble);
    // Not before an opening that waits.
    for (const feed of this.#feeds.values()) this.#queue.add(feed.deltas.telling(() => message));
  }

  /** What a new watcher is sent first: the messages, but for the cursor. */
  #stateOpening(feed: Feed): (cursor: string) => string[] {
    const { envelope } = feed.full;
    return (cursor) => [fullMessage("initial_state", envelope, cursor)];
  }

  #deltaOpening(client: string, feed: Feed, after: Cursor | null): (cursor: string) => string[] {
    const missed = after === null ? undefined : this.#registry.changesSince(client, after);
    const { trouble } = this.#registry;
    const news = trouble === null ? [] : [troubleMessage(trouble)];
    if (missed !== undefined) {
      // Read now: a record on disk may be gone when it may be shown.
      const delta = deltaOf(missed.tasks, missed.removed.map((gone) => gone.id));
      return (cursor) => [deltaMessage(cursor, delta), ...news];
    }
    const state = this.#stateOpening(feed);
    const resync = after === null ? [] : [RESYNC_MESSAGE];
    return (cursor) => [...resync, ...state(cursor), ...news];
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
      feed = new Feed(new FullStates(this.#registry, client, this.#queue, this.#options));
      this.#feeds.set(client, feed);
    }
    return feed;
  }

  #leave(client: string, feed: Feed, remove: () => void): void {
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
      for (const show of frames) show(cursor);
      feed.full.frame();
      if (feed.hasNews) this.#schedule(client, feed);
      this.#dropUnwatched(client, feed);
    });
  }
}
